import { createGunzip, createZstdDecompress } from 'node:zlib';

import type { ByteSource } from './byte-source.ts';
import { readFbxHeader } from './fbx-header.ts';
import type { TriageFindings } from './findings.ts';
import type { TriageLimits } from './limits.ts';
import { assertWithin, refusal } from './refusal.ts';

const NOTHING_MORE: TriageFindings = { dependencies: [], decode: [], warnings: [], figures: {} };
const FBX_MAGIC = 'Kaydara FBX Binary  \0';
/** Blender's importer reads FBX 7.1 (2011) and later. */
const MIN_FBX_VERSION = 7100;
const FBX_SETTINGS_BYTES = 256 * 2 ** 10;

/** Triages an FBX, which must be binary and not too old. */
export async function triageFbx(source: ByteSource): Promise<TriageFindings> {
  const head = await source.read(0, 512);
  if (head.toString('latin1', 0, FBX_MAGIC.length) !== FBX_MAGIC) {
    const isText = head.toString('latin1').includes('FBX') && !head.includes(0);
    if (isText)
      throw refusal(
        'unsupported_format',
        "the FBX is of the ASCII kind, which Blender's importer does not read; expected binary",
      );
    throw refusal('invalid_asset', `the file starts with ${quoteHead(head)}; expected 'Kaydara FBX Binary'`);
  }
  if (head.length < 27) throw refusal('invalid_asset', 'the FBX ends within its header');
  const version = head.readUInt32LE(23);
  if (version < MIN_FBX_VERSION)
    throw refusal('unsupported_format', `the FBX has version ${version}; expected ${MIN_FBX_VERSION} or later`);
  const header = readFbxHeader(await source.read(0, FBX_SETTINGS_BYTES));
  return { ...NOTHING_MORE, header, figures: { version } };
}

const STL_HEADER_BYTES = 84;
const STL_TRIANGLE_BYTES = 50;

/** Triages an STL, which must be a text, or binary with the right length. As in Blender, the length decides. */
export async function triageStl(source: ByteSource, limits: TriageLimits): Promise<TriageFindings> {
  const head = await source.read(0, 1024);
  const triangles = head.length >= STL_HEADER_BYTES ? head.readUInt32LE(80) : 0;
  const expected = STL_HEADER_BYTES + triangles * STL_TRIANGLE_BYTES;
  if (head.length >= STL_HEADER_BYTES && source.size === expected) {
    assertWithin(triangles * 3, limits.elements, 'vertices');
    return { ...NOTHING_MORE, figures: { triangles } };
  }
  const isBinary = head.includes(0) && !/facet/i.test(head.toString('latin1'));
  if (/^\s*solid/i.test(head.toString('latin1')) && !isBinary) return NOTHING_MORE;
  throw refusal(
    'invalid_asset',
    `the STL has ${source.size} bytes, neither a text that starts with 'solid' and has facets ` +
      `nor the ${expected} of a binary one with ${triangles} triangles`,
  );
}

const MAX_PLY_HEADER_BYTES = 64 * 2 ** 10;

/** Triages a PLY, which must have a known encoding and no more elements than bytes. */
export async function triagePly(source: ByteSource, limits: TriageLimits): Promise<TriageFindings> {
  const text = (await source.read(0, MAX_PLY_HEADER_BYTES)).toString('latin1');
  if (!/^ply\r?\n/.test(text))
    throw refusal('invalid_asset', `the file starts with ${quoteHead(Buffer.from(text, 'latin1'))}; expected 'ply'`);
  const end = text.search(/^end_header\s*$/m);
  if (end < 0)
    throw refusal('invalid_asset', `the PLY has no end_header within its first ${MAX_PLY_HEADER_BYTES} bytes`);
  const header = text.slice(0, end);
  const encoding = /^format\s+(\S+)/m.exec(header)?.[1] ?? 'none';
  if (!/^(ascii|binary_little_endian|binary_big_endian)$/.test(encoding))
    throw refusal('invalid_asset', `the PLY has the format '${encoding}'; expected ascii or binary`);
  let elements = 0;
  for (const [, name, count] of header.matchAll(/^element\s+(\S+)\s+(\d+)/gm)) {
    elements += Number(count);
    if (Number(count) > source.size)
      throw refusal('invalid_asset', `the PLY says ${count} elements of '${name}'; the file has ${source.size} bytes`);
  }
  assertWithin(elements, limits.elements, 'elements');
  return { ...NOTHING_MORE, figures: { elements } };
}

/** Blender 4.5 reads files of 5.x but drops their new features. Later versions are unknown. */
const MAX_BLEND_VERSION = 599;
const FULL_BLEND_VERSION = 405;

/** Triages a .blend by its header, which may be plain, gzip or zstd. */
export async function triageBlend(source: ByteSource): Promise<TriageFindings> {
  const header = (await readBlendHeader(source)).toString('latin1');
  // BLENDER-v304 (to 4.5) or BLENDER17-01v0501 (from 5.0)
  const version = /^BLENDER(?:[-_][vV](\d{3})|\d\d-\d\dv(\d{4}))/.exec(header);
  if (!version)
    throw refusal(
      'invalid_asset',
      `the file starts with ${quoteHead(Buffer.from(header, 'latin1'))}; expected 'BLENDER' and a version`,
    );
  const number = Number(version[1] ?? version[2]);
  const shown = `${Math.floor(number / 100)}.${number % 100}`;
  if (number > MAX_BLEND_VERSION)
    throw refusal('unsupported_format', `the file was saved by Blender ${shown}; expected at most 5`);
  const warnings =
    number > FULL_BLEND_VERSION
      ? [`the file was saved by Blender ${shown}; 4.5 reads it, but may lose what is newer`]
      : [];
  const facts = { generator: `Blender ${shown}`, upAxis: 'Z' };
  return { ...NOTHING_MORE, header: facts, warnings, figures: { version: number } };
}

async function readBlendHeader(source: ByteSource): Promise<Buffer> {
  const head = await source.read(0, 64 * 2 ** 10);
  const isGzip = head.length > 1 && head.readUInt16BE(0) === 0x1f8b;
  const isZstd = head.length > 3 && head.readUInt32BE(0) === 0x28b52ffd;
  if (!isGzip && !isZstd) return head.subarray(0, 32);
  const stream = isGzip ? createGunzip() : createZstdDecompress();
  stream.end(head);
  try {
    // The first piece is enough. We feed only the start of the file, so the stream would fail after it.
    for await (const piece of stream) return (piece as Buffer).subarray(0, 32);
  } catch (cause) {
    throw refusal(
      'invalid_asset',
      `the compressed .blend does not unpack: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
  return Buffer.alloc(0);
}

function quoteHead(head: Buffer): string {
  return JSON.stringify(head.toString('latin1', 0, 12));
}
