import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULTY, makeFaulty } from '../../test/support/assets/faulty-assets.ts';
import { glb } from '../../test/support/assets/glb.ts';
import type { Expected } from '../../test/support/assets/rendered-check.ts';

const SAMPLES = fileURLToPath(new URL('../../samples', import.meta.url));
/** The samples that rightly fail. */
const BROKEN = new Set(['empty.glb', 'truncated.glb']);
/** Number of bytes of a GLB before the content of its first chunk, the JSON. */
const BEFORE_JSON = 20;
const CHUNK_HEAD = 8;

/** The assets of one soak, by key. */
export interface SoakAssets {
  /** Makes each content only when it is asked for, since all of them together may be large. */
  contents: Iterable<[key: string, content: Buffer]>;
  expected: Expected;
}

/** Makes `count` assets from the samples in turn, no two alike, with the faulty ones among the first third. */
export function makeSoakAssets(count: number): SoakAssets {
  const samples = readdirSync(SAMPLES).filter((name) => name.endsWith('.glb') && !BROKEN.has(name));
  const faulty = Object.keys(FAULTY);
  // Blender is replaced after a failure; this way the last one has two thirds of the assets for itself.
  const placeOf = (index: number): number => Math.round(((index + 1) * count) / (3 * faulty.length));
  const faults = new Map(faulty.map((key, index) => [placeOf(index), key]));
  const plan = Array.from({ length: count }, (_, place) => {
    const name = faults.get(place) ?? samples[place % samples.length]!;
    return { place, name, key: `${String(place).padStart(4, '0')}-${basename(name)}` };
  });
  const contents = function* (): Generator<[string, Buffer]> {
    yield ['Textures/colormap.png', readFileSync(join(SAMPLES, 'Textures/colormap.png'))];
    const made = makeFaulty();
    for (const { place, name, key } of plan)
      yield [key, made[name] ?? turnedGlb(readFileSync(join(SAMPLES, name)), place)];
  };
  return { contents: contents(), expected: new Map(plan.map(({ name, key }) => [key, FAULTY[name]])) };
}

/** Turns an asset around its vertical axis by some degrees, and changes nothing else. */
function turnedGlb(bytes: Buffer, degrees: number): Buffer {
  const jsonEnd = BEFORE_JSON + bytes.readUInt32LE(BEFORE_JSON - CHUNK_HEAD);
  const json = JSON.parse(bytes.toString('utf8', BEFORE_JSON, jsonEnd));
  const scene = json.scenes[json.scene ?? 0];
  const half = (degrees * Math.PI) / 360;
  json.nodes.push({ children: scene.nodes, rotation: [0, Math.sin(half), 0, Math.cos(half)] });
  scene.nodes = [json.nodes.length - 1];
  const binaryLength = jsonEnd < bytes.length ? bytes.readUInt32LE(jsonEnd) : 0;
  return glb(json, bytes.subarray(jsonEnd + CHUNK_HEAD, jsonEnd + CHUNK_HEAD + binaryLength));
}
