import { extname } from 'node:path';

import { refusal } from './refusal.ts';

/** The kinds of files that we load into Blender. */
export type AssetFormat = 'glb' | 'gltf' | 'obj' | 'fbx' | 'stl' | 'ply' | 'blend';

const EXPECTED: Record<AssetFormat, string> = {
  glb: "a binary glTF, which starts with 'glTF'",
  gltf: 'glTF, a JSON object',
  obj: 'Wavefront OBJ, a text',
  fbx: "a binary FBX, which starts with 'Kaydara FBX Binary'",
  stl: 'STL',
  ply: "PLY, which starts with 'ply'",
  blend: "a Blender file, which starts with 'BLENDER'",
};

/** Other kinds of content that appear under an asset's name, recognised by their first bytes. */
const IMPOSTORS: { what: string; reason: 'invalid_asset' | 'unsupported_format'; test: (head: Buffer) => boolean }[] = [
  {
    what: 'a Git LFS pointer, not the file itself',
    reason: 'invalid_asset',
    test: textTest(/^version https:\/\/git-lfs/),
  },
  { what: 'an HTML page', reason: 'invalid_asset', test: textTest(/^\s*(<!doctype html|<html)/i) },
  { what: 'an XML text (an error of the store?)', reason: 'invalid_asset', test: textTest(/^\s*<(\?xml|error>)/i) },
  { what: 'a ZIP archive', reason: 'unsupported_format', test: bytesTest(0x50, 0x4b, 0x03, 0x04) },
  { what: 'a RAR archive', reason: 'unsupported_format', test: textTest(/^Rar!/) },
  { what: 'a 7z archive', reason: 'unsupported_format', test: bytesTest(0x37, 0x7a, 0xbc, 0xaf) },
  { what: 'gzip-compressed', reason: 'unsupported_format', test: bytesTest(0x1f, 0x8b) },
  { what: 'zstd-compressed', reason: 'unsupported_format', test: bytesTest(0x28, 0xb5, 0x2f, 0xfd) },
];

function textTest(pattern: RegExp): (head: Buffer) => boolean {
  return (head) => pattern.test(head.toString('latin1'));
}

function bytesTest(...magic: number[]): (head: Buffer) => boolean {
  return (head) => magic.every((byte, index) => head[index] === byte);
}

/** Returns the format that a name's suffix promises. */
function formatOf(name: string): AssetFormat {
  const suffix = extname(name).slice(1).toLowerCase();
  if (suffix in EXPECTED) return suffix as AssetFormat;
  const known = Object.keys(EXPECTED)
    .map((each) => `.${each}`)
    .join(', ');
  const has = suffix === '' ? 'no suffix' : `the suffix '.${suffix}'`;
  throw refusal('unsupported_format', `'${name}' has ${has}; expected one of ${known}`);
}

/**
 * Returns the format of a file; refuses content that clearly does not match its name. A .blend may be compressed.
 * The content decides between glTF and GLB, as in Blender, so each may have the other's suffix.
 */
export function identify(name: string, head: Buffer): AssetFormat {
  const format = formatOf(name);
  const expected = EXPECTED[format];
  if (head.length === 0) throw refusal('invalid_asset', `'${name}' is empty; expected ${expected}`);
  for (const { what, reason, test } of IMPOSTORS) {
    if (format === 'blend' && what.endsWith('compressed')) continue;
    if (test(head)) throw refusal(reason, `'${name}' is ${what}; expected ${expected}`);
  }
  if (format !== 'glb' && format !== 'gltf') return format;
  if (head.toString('latin1', 0, 4) === 'glTF') return 'glb';
  if (/^(\xef\xbb\xbf)?\s*\{/.test(head.toString('latin1'))) return 'gltf';
  throw refusal(
    'invalid_asset',
    `'${name}' starts with ${JSON.stringify(head.toString('latin1', 0, 8))}; expected ${expected}`,
  );
}
