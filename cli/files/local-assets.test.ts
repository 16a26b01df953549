import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findLocalAssets, referredFiles } from './local-assets.ts';

const NEVER = new AbortController().signal;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cyclorama-local-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, text = 'x'): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

const GLTF = JSON.stringify({
  asset: { version: '2.0' },
  buffers: [{ uri: 'sub/mesh.bin', byteLength: 1 }],
  images: [{ uri: 'a%20b.png' }, { uri: 'gone.png' }],
});

test('assets come in key order with what they refer to; other files stay', async () => {
  await put('b/chair.gltf', GLTF);
  await put('b/sub/mesh.bin');
  await put('b/a b.png');
  await put('a.GLTF', '{"asset":{"version":"2.0"}}');
  await put('B.gltf', '{"asset":{"version":"2.0"}}');
  await put('notes.txt');
  await put('_cyclorama/old.gltf', '{}');
  const found = await findLocalAssets(folder, { suffixes: ['.gltf'], limit: 0 }, NEVER);
  expect(found.assets.map(({ name }) => name)).toEqual(['B.gltf', 'a.GLTF', 'b/chair.gltf']);
  expect(found.files.map(({ name }) => name).toSorted()).toEqual([
    'B.gltf',
    'a.GLTF',
    'b/a b.png',
    'b/chair.gltf',
    'b/sub/mesh.bin',
  ]);
  expect(found.names).toContain('notes.txt');
});

test('a limit takes the first in key order', async () => {
  for (const name of ['c.glb', 'a.glb', 'b.glb']) await put(name);
  const { assets, files } = await findLocalAssets(folder, { suffixes: ['.glb'], limit: 2 }, NEVER);
  expect([assets, files].map((list) => list.map(({ name }) => name))).toEqual([
    ['a.glb', 'b.glb'],
    ['a.glb', 'b.glb'],
  ]);
});

test('an OBJ brings its materials and their textures', async () => {
  await put('cube.obj', 'mtllib mat/cube.mtl\nv 0 0 0\n');
  await put('mat/cube.mtl', 'newmtl red\nmap_Kd red.png\n');
  await put('mat/red.png');
  const files = await referredFiles({ path: join(folder, 'cube.obj'), name: 'cube.obj', sizeBytes: 1 });
  expect(files.map(({ name }) => name)).toEqual(['mat/cube.mtl', 'mat/red.png']);
});

test('a file that no worker could read brings nothing and is no error here', async () => {
  await put('broken.glb', 'no GLB');
  expect(await referredFiles({ path: join(folder, 'broken.glb'), name: 'broken.glb', sizeBytes: 6 })).toEqual([]);
});

test('references that leave the folder bring nothing', async () => {
  await put('in/evil.gltf', GLTF.replace('a%20b.png', '../secret.png'));
  await put('in/sub/mesh.bin');
  await put('secret.png');
  const asset = { path: join(folder, 'in/evil.gltf'), name: 'evil.gltf', sizeBytes: 1 };
  expect((await referredFiles(asset)).map(({ path }) => path)).not.toContain(join(folder, 'secret.png'));
});

test('gathering leaves nothing behind', async () => {
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling.glb'));
  await put('chair.gltf', GLTF);
  const before = (await readdir(tmpdir())).filter((name) => name.startsWith('cyclorama-gather-'));
  await findLocalAssets(folder, { suffixes: ['.gltf', '.glb'], limit: 0 }, NEVER);
  const after = (await readdir(tmpdir())).filter((name) => name.startsWith('cyclorama-gather-'));
  expect(after.filter((name) => !before.includes(name))).toEqual([]);
});
