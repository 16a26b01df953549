import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { glb } from '../../../test/support/assets/glb.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { DEFAULT_TRIAGE_LIMITS } from './limits.ts';
import { type TriageReport, triageFile } from './triage.ts';

const folder = temporaryFolder();

async function triage(name: string, content: Buffer | string): Promise<TriageReport> {
  const path = join(folder(), 'local-copy');
  await writeFile(path, content);
  return triageFile(path, name, DEFAULT_TRIAGE_LIMITS);
}

function stl(triangles: number, bytes: number): Buffer {
  const file = Buffer.alloc(bytes);
  file.writeUInt32LE(triangles, 80);
  return file;
}

function fbx(version: number): Buffer {
  const file = Buffer.alloc(64);
  file.write('Kaydara FBX Binary  \0\x1a\0', 'latin1');
  file.writeUInt32LE(version, 23);
  return file;
}

const ply = (header: string) => `ply\n${header}\nend_header\n0 0 0\n1 0 0\n0 1 0\n`;
const BLEND = 'BLENDER-v405RENDH'.padEnd(200, '\0');
const JSON_TEXT = '{"asset": {"version": "2.0"}}';

describe('triageFile', () => {
  const passed: [string, Buffer | string, string][] = [
    ['a.glb', glb({ asset: { version: '2.0' } }), 'glb'],
    ['a.GLB', glb({ asset: { version: '2.0' } }), 'glb'],
    ['binary-in-disguise.gltf', glb({ asset: { version: '2.0' } }), 'glb'],
    ['text-in-disguise.glb', JSON_TEXT, 'gltf'],
    ['a.gltf', `\n  ${JSON_TEXT}`, 'gltf'],
    ['a.obj', 'v 0 0 0\n', 'obj'],
    ['binary.fbx', fbx(7400), 'fbx'],
    ['binary.stl', stl(2, 184), 'stl'],
    ['solid-in-binary.stl', Buffer.concat([Buffer.from('solid'), stl(2, 184).subarray(5)]), 'stl'],
    ['text.stl', 'solid cube\nendsolid\n', 'stl'],
    ['text.ply', ply('format ascii 1.0\nelement vertex 3'), 'ply'],
    ['plain.blend', BLEND, 'blend'],
    ['gzip.blend', gzipSync(BLEND), 'blend'],
    ['zstd.blend', zstdCompressSync(BLEND), 'blend'],
    ['old-32-bit.blend', 'BLENDER_v249'.padEnd(200), 'blend'],
  ];
  it.each(passed)('passes %s', async (name, content, format) => {
    await expect(triage(name, content)).resolves.toMatchObject({ format, warnings: [] });
  });

  it('passes a .blend of Blender 5 with a warning', async () => {
    const report = await triage('new.blend', 'BLENDER17-01v0501'.padEnd(200));
    expect(report.warnings).toEqual(['the file was saved by Blender 5.1; 4.5 reads it, but may lose what is newer']);
  });

  const refused: [string, Buffer | string, string, string][] = [
    ['a.zip', 'PK', 'unsupported_format', "suffix '.zip'; expected one of .glb, .gltf, .obj, .fbx, .stl, .ply, .blend"],
    ['none', 'glTF', 'unsupported_format', "'none' has no suffix"],
    ['a.glb', '', 'invalid_asset', "'a.glb' is empty; expected a binary glTF"],
    ['a.obj', '', 'invalid_asset', "'a.obj' is empty"],
    ['a.glb', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'invalid_asset', 'a Git LFS pointer'],
    ['a.blend', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'invalid_asset', 'a Git LFS pointer'],
    ['a.glb', '<!DOCTYPE html><title>Not found</title>', 'invalid_asset', 'an HTML page'],
    ['a.gltf', '<?xml version="1.0"?><Error/>', 'invalid_asset', 'an XML text'],
    ['a.glb', Buffer.from('504b0304aaaa', 'hex'), 'unsupported_format', 'a ZIP archive'],
    ['a.glb', gzipSync('glTF'), 'unsupported_format', 'gzip-compressed'],
    ['a.glb', 'GLBX0000', 'invalid_asset', 'starts with "GLBX0000"; expected a binary glTF'],
    ['a.gltf', '[]', 'invalid_asset', 'starts with "[]"; expected glTF, a JSON object'],
    ['a.obj', 'v 0 0 0\n\0\0', 'invalid_asset', 'NUL bytes'],
    ['a.fbx', '; FBX 7.5.0 project file\n', 'unsupported_format', 'ASCII kind'],
    ['a.fbx', 'something else', 'invalid_asset', "expected 'Kaydara FBX Binary'"],
    ['a.fbx', fbx(6100), 'unsupported_format', 'version 6100; expected 7100 or later'],
    ['a.stl', stl(9, 184), 'invalid_asset', 'nor the 534 of a binary one with 9 triangles'],
    ['a.stl', Buffer.concat([Buffer.from('solid'), stl(9, 184).subarray(5)]), 'invalid_asset', 'the 534 of a binary'],
    ['a.ply', 'plx', 'invalid_asset', "expected 'ply'"],
    ['a.ply', 'ply\nformat ascii 1.0\n', 'invalid_asset', 'no end_header'],
    ['a.ply', ply('format binary_middle_endian 1.0'), 'invalid_asset', "format 'binary_middle_endian'"],
    ['a.ply', ply('format ascii 1.0\nelement vertex 4000000000'), 'invalid_asset', "4000000000 elements of 'vertex'"],
    ['a.blend', 'PLENDER-v405', 'invalid_asset', "expected 'BLENDER' and a version"],
    ['a.blend', gzipSync('nothing of the kind'), 'invalid_asset', "expected 'BLENDER' and a version"],
    ['a.blend', 'BLENDER17-01v0600'.padEnd(200), 'unsupported_format', 'saved by Blender 6.0; expected at most 5'],
  ];
  it.each(refused.map(([name, content, ...rest]) => [name, ...rest, content] as const))(
    'refuses %s as %s: %s',
    async (name, reason, message, content) => {
      await expect(triage(name, content)).rejects.toMatchObject({
        reason,
        message: expect.stringContaining(message),
        detail: { stage: 'triage' },
      });
    },
  );
});
