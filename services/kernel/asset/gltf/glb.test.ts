import { describe, expect, it } from 'vitest';

import { glb } from '../../../../test/support/assets/glb.ts';
import { memorySource } from '../byte-source.ts';
import { readGlb } from './glb.ts';

const MINIMAL = { asset: { version: '2.0' } };
const LIMIT = 1_000;

function changed(bytes: Buffer, edit: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  edit(copy);
  return copy;
}

function withLength(...parts: Buffer[]): Buffer {
  return changed(Buffer.concat(parts), (bytes) => bytes.writeUInt32LE(bytes.length, 8));
}

describe('readGlb', () => {
  it('gives the JSON and the binary chunk', async () => {
    const content = await readGlb(memorySource(glb(MINIMAL, Buffer.from('abcd'))), LIMIT);
    expect(JSON.parse(content.json.toString())).toEqual(MINIMAL);
    expect((await content.binary!.read(0, 10)).toString()).toBe('abcd');
    expect(content.warnings).toEqual([]);
  });

  it('ignores a second chunk that is not binary, and chunks after the second, as Blender does', async () => {
    const other = Buffer.from([4, 0, 0, 0, 0x58, 0x58, 0x58, 0x58, 1, 2, 3, 4]);
    expect((await readGlb(memorySource(withLength(glb(MINIMAL), other)), LIMIT)).binary).toBeUndefined();
    const three = withLength(glb(MINIMAL, Buffer.from('abcd')), other);
    expect((await readGlb(memorySource(three), LIMIT)).binary?.size).toBe(4);
  });

  it('warns of chunks that are not aligned but reads them', async () => {
    const text = Buffer.from('{"a":1}');
    const header = glb(MINIMAL).subarray(0, 20);
    const odd = changed(withLength(header, text), (bytes) => bytes.writeUInt32LE(text.length, 12));
    const { json, warnings } = await readGlb(memorySource(odd), LIMIT);
    expect(json.toString()).toBe('{"a":1}');
    expect(warnings).toEqual(['the chunks of the GLB are not aligned to 4 bytes']);
  });

  const whole = glb(MINIMAL, Buffer.from('abcd'));
  const refused: [string, Buffer, string, string][] = [
    ['a header that is cut off', whole.subarray(0, 10), 'invalid_asset', 'expected a GLB header of 12'],
    ['version 1', changed(whole, (bytes) => bytes.writeUInt32LE(1, 4)), 'unsupported_format', 'version 1; expected 2'],
    [
      'a truncated file',
      whole.subarray(0, 40),
      'invalid_asset',
      `truncated: its header says ${whole.length} bytes, the file has 40`,
    ],
    ['bytes after the end', Buffer.concat([whole, Buffer.alloc(3)]), 'invalid_asset', 'the file has 3 more'],
    [
      'nothing after the header',
      withLength(whole.subarray(0, 12)),
      'invalid_asset',
      'ends in the header of its first chunk',
    ],
    [
      'a first chunk that is not JSON',
      changed(whole, (bytes) => bytes.writeUInt32LE(1, 16)),
      'invalid_asset',
      'first chunk of the GLB is not JSON',
    ],
    [
      'a JSON chunk beyond the end',
      changed(whole, (bytes) => bytes.writeUInt32LE(5000, 12)),
      'invalid_asset',
      'JSON chunk says 5000 bytes',
    ],
    [
      'a binary chunk beyond the end',
      changed(whole, (bytes) => bytes.writeUInt32LE(500, whole.length - 12)),
      'invalid_asset',
      'binary chunk says 500 bytes',
    ],
    ['more JSON than the limit', glb({ pad: 'x'.repeat(LIMIT) }), 'asset_too_large', 'bytes of JSON'],
  ];
  it.each(refused)('refuses %s', async (_, bytes, reason, message) => {
    await expect(readGlb(memorySource(bytes), LIMIT)).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(message),
      detail: { stage: 'triage' },
    });
  });
});
