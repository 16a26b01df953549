import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTools } from '../../../scripts/tools.mjs';
import type { Reason } from '../../../services/kernel/failure.ts';
import { glb } from './glb.ts';
import { TRIANGLE_BYTES, triangleGltf } from './gltf.ts';

const MAKER = fileURLToPath(new URL('./faulty_assets.py', import.meta.url));
const MAKER_MS = 30_000;

/** Keys of real files on which the real Blender fails, with the reason of the failure when they are rendered. */
export const FAULTY: Record<string, Reason> = {
  'faulty/blank.glb': 'blank_render',
  'faulty/crash.blend': 'blender_crash',
  'faulty/hang.blend': 'blender_hang',
  'faulty/out-of-memory.blend': 'blender_out_of_memory',
};

/** Makes the content of the faulty assets by key, which takes some seconds. */
export function makeFaulty(): Record<string, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'cyclorama-faulty-'));
  try {
    const blends = ['crash', 'hang', 'out-of-memory'].map((name): [string, Buffer] => {
      const path = join(folder, `${name}.blend`);
      execFileSync(readTools().python, [MAKER, name, path], { stdio: 'pipe', timeout: MAKER_MS });
      return [`faulty/${name}.blend`, readFileSync(path)];
    });
    return { 'faulty/blank.glb': invisibleGlb(), ...Object.fromEntries(blends) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes a triangle with a material that lets all light through. */
function invisibleGlb(): Buffer {
  const invisible = { alphaMode: 'BLEND', pbrMetallicRoughness: { baseColorFactor: [1, 1, 1, 0] } };
  const json = triangleGltf((gltf) => {
    gltf.materials = [invisible];
    for (const { primitives } of gltf.meshes) for (const primitive of primitives) primitive.material = 0;
  });
  return glb(json, TRIANGLE_BYTES);
}
