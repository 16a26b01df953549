import { join, posix } from 'node:path';

import { type ByteSource, sourceIfThere } from './byte-source.ts';
import type { TriageFindings } from './findings.ts';
import type { TriageLimits } from './limits.ts';
import { createPixelBudget, type PixelBudget } from './pixel-budget.ts';
import { containedPath, type Dependency } from './reference.ts';
import { assertWithin, refusal } from './refusal.ts';

const PART_BYTES = 4 * 2 ** 20;
/** A longer statement cannot be a file name. */
const MAX_STATEMENT_BYTES = 64 * 2 ** 10;
const MAX_STATEMENTS = 10_000;
/** Matches a text that has only blanks since the start of its line, or since its own start. */
const LINE_START = /(^|[\r\n])[ \t]*$/;
const MAX_MATERIAL_BYTES = 16 * 2 ** 20;
const DRIVE = /^[a-z]:/i;
/** Options of a texture statement, with the maximum number of words after each. */
const MAP_OPTIONS: Record<string, number> = {
  '-blendu': 1,
  '-blendv': 1,
  '-boost': 1,
  '-bm': 1,
  '-cc': 1,
  '-clamp': 1,
  '-imfchan': 1,
  '-mm': 2,
  '-o': 3,
  '-s': 3,
  '-t': 3,
  '-texres': 1,
  '-type': 1,
};
const MAP_STATEMENT = /^\s*(?:map_\w+|bump|disp|decal|refl|norm)\s+(.+)$/i;

/** Triages a Wavefront OBJ: finds its material files, and the textures in those that have been fetched. */
export async function triageObj(source: ByteSource, folder: string, limits: TriageLimits): Promise<TriageFindings> {
  const head = await source.read(0, 4096);
  if (head.includes(0)) throw refusal('invalid_asset', 'the OBJ has NUL bytes; expected a text');
  const budget = createPixelBudget(limits);
  const warnings: string[] = [];
  const materials = await listMaterialFiles(source);
  const images = new Map<string, Dependency>();
  for (const uri of materials) {
    const material = await sourceIfThere(join(folder, uri));
    if (!material) continue;
    assertWithin(material.size, MAX_MATERIAL_BYTES, `bytes of the material file '${uri}'`);
    const text = (await material.read(0, material.size)).toString('utf8');
    for (const image of listTextures(text, uri, warnings)) images.set(image, { uri: image, kind: 'image' });
  }
  const dependencies: Dependency[] = [
    ...materials.map((uri): Dependency => ({ uri, kind: 'material' })),
    ...images.values(),
  ];
  assertWithin(dependencies.length, limits.dependencies, 'files that the asset refers to');
  await measureImages([...images.keys()], folder, budget);
  return {
    dependencies,
    decode: [],
    warnings: [...warnings, ...budget.warnings],
    figures: { images: images.size, pixels: budget.pixels },
  };
}

async function measureImages(uris: string[], folder: string, budget: PixelBudget): Promise<void> {
  for (const uri of uris) {
    const image = await sourceIfThere(join(folder, uri));
    if (image) await budget.measure(image, `the image '${uri}'`);
  }
}

/** Finds every mtllib statement. It reads the file in parts that overlap by the longest statement. */
async function listMaterialFiles(source: ByteSource): Promise<string[]> {
  const found = new Set<string>();
  let statements = 0;
  for (let start = 0; start < source.size; start += PART_BYTES) {
    const part = await source.read(start, PART_BYTES + MAX_STATEMENT_BYTES);
    for (let at = part.indexOf('mtllib'); at >= 0 && at < PART_BYTES; at = part.indexOf('mtllib', at + 1)) {
      if (!LINE_START.test(part.toString('latin1', Math.max(0, at - 256), at))) continue;
      statements += 1;
      assertWithin(statements, MAX_STATEMENTS, 'mtllib statements');
      const uri = materialFile(part.toString('utf8', at + 'mtllib'.length, at + MAX_STATEMENT_BYTES));
      if (uri !== undefined) found.add(uri);
    }
  }
  return [...found];
}

/** Reads the file name, which is the rest of the statement without quotes. A backslash continues the line. */
function materialFile(rest: string): string | undefined {
  const statement = rest.replaceAll(/\\\r?\n/g, ' ').split(/[\r\n]/, 1)[0]!;
  const name = unquote(statement);
  if (!/^\s/.test(rest) || name === '') return undefined;
  return containedPath(name.replaceAll('\\', '/'), name);
}

function unquote(text: string): string {
  return text.trim().replaceAll(/^"|"$/g, '').trim();
}

/** Lists the textures of a material file, relative to the asset's folder. Windows paths only cause a warning. */
function listTextures(text: string, materialUri: string, warnings: string[]): string[] {
  const found = new Set<string>();
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/[\r\n]+/)) {
    const name = textureName(line);
    if (name === undefined || name === '') continue;
    if (DRIVE.test(name)) {
      warnings.push(`'${materialUri}' refers to ${JSON.stringify(name.slice(0, 200))}, a path on another machine`);
      continue;
    }
    const path = containedPath(name.replaceAll('\\', '/'), name);
    const whole = path && containedPath(posix.join(posix.dirname(materialUri), path), name);
    if (whole) found.add(whole);
  }
  return [...found];
}

function textureName(line: string): string | undefined {
  const words = MAP_STATEMENT.exec(line)?.[1]?.trim().split(/\s+/);
  if (!words) return undefined;
  let rest = words;
  while (rest[0]?.startsWith('-') && rest.length > 1) {
    const most = MAP_OPTIONS[rest[0].toLowerCase()];
    if (most === undefined) break;
    // -o, -s and -t take one to three numbers; the others a fixed count.
    let taken = 1;
    while (taken <= most && rest.length > taken + 1 && (most === 1 || /^[-+]?[\d.]/.test(rest[taken]!))) taken += 1;
    rest = rest.slice(taken);
  }
  return unquote(rest.join(' '));
}
