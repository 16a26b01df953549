import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { glb } from '../../../test/support/assets/glb.ts';
import { type GltfJson, TRIANGLE_BYTES, triangleGltf } from '../../../test/support/assets/gltf.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { dependencyKey, type FetchDependency, type GatheredAsset, gatherAsset } from './dependencies.ts';
import { DEFAULT_TRIAGE_LIMITS, type TriageLimits } from './limits.ts';

const folder = temporaryFolder();

function bucket(objects: Record<string, Buffer | string>): FetchDependency {
  return async (key, localPath) => {
    const content = objects[key];
    if (content === undefined) return undefined;
    await writeFile(localPath, content);
    return { etag: `etag of ${key}`, size: Buffer.byteLength(content) };
  };
}

async function gather(
  name: string,
  content: Buffer | string,
  fetch: FetchDependency,
  limits: Partial<TriageLimits> = {},
): Promise<GatheredAsset> {
  const path = join(folder(), 'asset', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  const place = { bucket: 'assets', key: `props/chair/${name}` };
  return gatherAsset({ path, name, place }, fetch, { ...DEFAULT_TRIAGE_LIMITS, ...limits });
}

const withFiles = (gltf: GltfJson) => {
  gltf.buffers[0]!.uri = 'geometry/a.bin';
  gltf.images = [{ uri: 'wood.png' }, { uri: 'gone.png' }];
};

describe('gatherAsset', () => {
  it('fetches what a glTF refers to, from at or below its folder, and mirrors the paths', async () => {
    const fetch = bucket({
      'props/chair/geometry/a.bin': TRIANGLE_BYTES,
      'props/chair/wood.png': 'not an image',
      'gone.png': 'elsewhere',
    });
    const { report, dependencies, warnings } = await gather('a.glb', glb(triangleGltf(withFiles)), fetch);
    expect(report.format).toBe('glb');
    expect(dependencies).toEqual([
      {
        uri: 'geometry/a.bin',
        key: 'props/chair/geometry/a.bin',
        etag: 'etag of props/chair/geometry/a.bin',
        size: 36,
      },
      { uri: 'wood.png', key: 'props/chair/wood.png', etag: 'etag of props/chair/wood.png', size: 12 },
    ]);
    expect(warnings).toEqual([expect.stringContaining('images[0] is none of PNG'), "the file 'gone.png' is missing"]);
    expect((await readdir(join(folder(), 'asset'), { recursive: true })).sort()).toEqual([
      'a.glb',
      'geometry',
      'geometry/a.bin',
      'wood.png',
    ]);
  });

  it('fetches the textures that fetched material files name', async () => {
    const fetch = bucket({ 'props/chair/m/a.mtl': 'map_Kd wood.png\nmap_Ks gone.png', 'props/chair/m/wood.png': 'x' });
    const { dependencies, warnings } = await gather('a.obj', 'mtllib m/a.mtl\nmtllib gone.mtl\n', fetch);
    expect(dependencies.map(({ key }) => key)).toEqual(['props/chair/m/a.mtl', 'props/chair/m/wood.png']);
    expect(warnings).toEqual([
      expect.stringContaining("'m/wood.png' is none of"),
      "the file 'gone.mtl' is missing",
      "the file 'm/gone.png' is missing",
    ]);
  });

  it('throws missing_dependency when a buffer is missing', async () => {
    await expect(gather('a.glb', glb(triangleGltf(withFiles)), bucket({}))).rejects.toMatchObject({
      reason: 'missing_dependency',
      message: "the buffer 'geometry/a.bin' is not in the bucket; expected 'props/chair/geometry/a.bin'",
    });
  });

  it('bounds the bytes and tells each fetch how many are left', async () => {
    const left: number[] = [];
    const inner = bucket({ 'props/chair/geometry/a.bin': TRIANGLE_BYTES, 'props/chair/wood.png': 'x'.repeat(100) });
    const fetch: FetchDependency = (key, path, maxBytes) => {
      left.push(maxBytes);
      return inner(key, path, maxBytes);
    };
    await expect(gather('a.glb', glb(triangleGltf(withFiles)), fetch, { dependencyBytes: 120 })).rejects.toMatchObject({
      reason: 'asset_too_large',
    });
    expect(left[0]).toBe(120);
  });

  it('refuses a reference to the asset itself', async () => {
    const own = triangleGltf((gltf) => (gltf.images = [{ uri: 'a.glb' }]));
    await expect(gather('a.glb', glb(own, TRIANGLE_BYTES), bucket({}))).rejects.toMatchObject({
      reason: 'unsafe_reference',
    });
  });

  it('takes names that no file can have for missing', async () => {
    const odd = triangleGltf(
      (gltf) => (gltf.images = [{ uri: `${'x'.repeat(300)}/a.png` }, { uri: `${'long/'.repeat(300)}a.png` }]),
    );
    const { warnings } = await gather('a.glb', glb(odd, TRIANGLE_BYTES), bucket({}));
    expect(warnings).toHaveLength(2);
  });

  it('asks no store for a name with half a character', async () => {
    const odd = triangleGltf((gltf) => (gltf.images = [{ uri: 'x\ud800y.png' }]));
    const away: FetchDependency = () => Promise.reject(new Error('URI malformed'));
    const { warnings } = await gather('a.glb', glb(odd, TRIANGLE_BYTES), away);
    expect(warnings).toEqual([expect.stringContaining('is missing')]);
  });

  it('waits for the fetches under way before it throws', async () => {
    let running = 0;
    const fetch: FetchDependency = async (key) => {
      running += 1;
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (key.endsWith('a.bin')) throw new Error('the store is away');
      return undefined;
    };
    await expect(gather('a.glb', glb(triangleGltf(withFiles)), fetch)).rejects.toThrow('the store is away');
    expect(running).toBe(0);
  });
});

describe('dependencyKey', () => {
  it('puts a reference into the folder of the asset', () => {
    expect(dependencyKey('a b/c.gltf', 'd/e.bin')).toBe('a b/d/e.bin');
    expect(dependencyKey('c.gltf', 'e.bin')).toBe('e.bin');
    expect(() => dependencyKey('a/c.gltf', '../e.bin')).toThrow("leaves the asset's folder");
  });
});
