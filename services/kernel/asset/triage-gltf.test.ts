import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { glb } from '../../../test/support/assets/glb.ts';
import { type GltfJson, pngHead, TRIANGLE_BYTES, triangleGltf } from '../../../test/support/assets/gltf.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { DEFAULT_TRIAGE_LIMITS, type TriageLimits } from './limits.ts';
import { type TriageReport, triageFile } from './triage.ts';

const folder = temporaryFolder();

async function triage(
  json: GltfJson | string,
  limits: Partial<TriageLimits> = {},
  binary: Buffer = TRIANGLE_BYTES,
): Promise<TriageReport> {
  const path = join(folder(), 'asset.glb');
  await writeFile(path, glb(json, binary));
  return triageFile(path, 'asset.glb', { ...DEFAULT_TRIAGE_LIMITS, ...limits });
}

type Change = (gltf: GltfJson) => void;
const chain =
  (length: number): Change =>
  (gltf) => {
    gltf.nodes = Array.from({ length }, (_, index) => (index < length - 1 ? { children: [index + 1] } : { mesh: 0 }));
  };
const withImage =
  (image: Record<string, unknown>): Change =>
  (gltf) => {
    gltf.images = [image];
  };
const dataUri = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`;

describe('triage of a glTF', () => {
  it('passes a triangle and gives its figures', async () => {
    expect(await triage(triangleGltf())).toEqual({
      format: 'glb',
      dependencies: [],
      decode: [],
      warnings: [],
      header: expect.objectContaining({ format: 'glb', unitMetres: 1, upAxis: 'Y' }),
      figures: expect.objectContaining({ nodes: 1, depth: 1, meshes: 1, primitives: 1, elements: 3, pixels: 0 }),
    });
  });

  const lenient: [string, Change][] = [
    [
      'an accessor out of range that nothing uses',
      (gltf) => gltf.accessors.push({ bufferView: 9, componentType: 5126, count: 9, type: 'VEC3' }),
    ],
    ['a mesh out of range on a node of no scene', (gltf) => gltf.nodes.push({ mesh: 9 })],
    ['a buffer view that is longer than its buffer', (gltf) => (gltf.bufferViews[0]!.byteLength = 4000)],
    ['a primitive without attributes', (gltf) => gltf.meshes[0]!.primitives.push({ attributes: {} })],
    ['a vendor extension that is used but not required', (gltf) => (gltf.extensionsUsed = ['ACME_gizmo'])],
    ['a tree 900 nodes deep', chain(900)],
    ['no mesh at all', (gltf) => (gltf.nodes = [{}])],
    ['null where something is absent', (gltf) => Object.assign(gltf, { skins: null, animations: null })],
  ];
  it.each(lenient)('passes %s, since Blender imports it', async (_, change) => {
    await expect(triage(triangleGltf(change))).resolves.toMatchObject({ format: 'glb' });
  });

  it('warns of a mesh that does not exist', async () => {
    const { warnings } = await triage(triangleGltf((gltf) => (gltf.nodes[0]!.mesh = 5)));
    expect(warnings).toEqual(['a node refers to mesh 5; the glTF has 1']);
  });

  const refused: [string, Change, string, string][] = [
    ['no asset', (gltf) => Reflect.deleteProperty(gltf, 'asset'), 'invalid_asset', "no 'asset'"],
    ['glTF 1.0', (gltf) => (gltf.asset.version = '1.0'), 'unsupported_format', 'version "1.0"; expected "2.0"'],
    ['a field of the wrong type', (gltf) => (gltf.scene = 'main'), 'invalid_asset', 'glTF.scene has the wrong type'],
    ['a scene that does not exist', (gltf) => (gltf.scene = 1), 'invalid_asset', 'refers to scene 1; the glTF has 1'],
    [
      'a material that does not exist',
      (gltf) => (gltf.meshes[0]!.primitives[0]!.material = 7),
      'invalid_asset',
      'meshes[0].primitives[0] refers to material 7; the glTF has 0',
    ],
    [
      'an animation of a node that does not exist',
      (gltf) => (gltf.animations = [{ channels: [{ target: { node: 9 } }] }]),
      'invalid_asset',
      'animations[0] refers to node 9',
    ],
    [
      'an unknown required extension',
      (gltf) => (gltf.extensionsRequired = ['ACME_gizmo']),
      'unsupported_extension',
      "'ACME_gizmo'",
    ],
    [
      'a required extension that is not used',
      (gltf) => (gltf.extensionsRequired = ['KHR_materials_unlit']),
      'invalid_asset',
      'extensionsUsed does not',
    ],
    [
      'a cycle of nodes',
      (gltf) => (gltf.nodes = [{ children: [1] }, { children: [2] }, { children: [1] }]),
      'invalid_asset',
      'node 1 is a child of node 0 and of node 2',
    ],
    [
      'a ring of nodes',
      (gltf) => (gltf.nodes = [{ mesh: 0 }, { children: [2] }, { children: [1] }]),
      'invalid_asset',
      '1 -> 2 -> 1 form a cycle',
    ],
    [
      'a child that does not exist',
      (gltf) => (gltf.nodes[0]!.children = [5]),
      'invalid_asset',
      'nodes[0] refers to node 5; the glTF has 1',
    ],
    ['a tree 901 nodes deep', chain(901), 'asset_too_large', 'levels of nodes: 901; expected at most 900'],
    [
      'a transform of infinity',
      (gltf) => (gltf.nodes[0]!.translation = [0, 0, 1e300]),
      'invalid_asset',
      'the transform of nodes[0] has the value 1e+300',
    ],
    [
      'a matrix that is too short',
      (gltf) => (gltf.nodes[0]!.matrix = [1, 2]),
      'invalid_asset',
      'nodes[0].matrix has the wrong type; expected 16 numbers',
    ],
    [
      'huge bounds of positions',
      (gltf) => (gltf.accessors[0]!.max = [1e38, 1, 0]),
      'invalid_asset',
      'accessors[0].max of positions has the value 1e+38',
    ],
    [
      'an accessor out of range',
      (gltf) => (gltf.accessors[0]!.count = 4),
      'invalid_asset',
      'accessors[0] needs 48 bytes for its 4 elements; bufferViews[0] has 36',
    ],
    [
      'an accessor out of range by its stride',
      (gltf) => (gltf.bufferViews[0]!.byteStride = 16),
      'invalid_asset',
      'needs 44 bytes',
    ],
    [
      'an accessor beyond its buffer',
      (gltf) => (gltf.bufferViews[0]!.byteOffset = 12),
      'invalid_asset',
      'bufferViews[0] has 24',
    ],
    [
      'an accessor bomb',
      (gltf) => (gltf.accessors[0]!.count = 2e9),
      'asset_too_large',
      'vertices, indices and keys: 2,000,000,000',
    ],
    [
      'an accessor bomb without a buffer view',
      (gltf) => (gltf.accessors[0] = { componentType: 5126, count: 1e8, type: 'VEC3' }),
      'asset_too_large',
      'without a buffer view: 1,200,000,000',
    ],
    [
      'an unknown component type',
      (gltf) => (gltf.accessors[0]!.componentType = 5130),
      'invalid_asset',
      'componentType is 5130',
    ],
    [
      'sparse values out of range',
      (gltf) =>
        (gltf.accessors[0]!.sparse = {
          count: 3,
          indices: { bufferView: 0, componentType: 5125 },
          values: { bufferView: 0, byteOffset: 12 },
        }),
      'invalid_asset',
      'accessors[0].sparse.values needs 36 bytes',
    ],
    [
      'indices that do not exist',
      (gltf) => (gltf.meshes[0]!.primitives[0]!.indices = 7),
      'invalid_asset',
      'refers to accessor 7',
    ],
    [
      'an image bomb',
      withImage({ uri: dataUri(pngHead(19_000, 19_000)) }),
      'asset_too_large',
      'pixels of images[0]: 361,000,000',
    ],
    [
      'a buffer outside the folder',
      (gltf) => (gltf.buffers[0]!.uri = '../../etc/passwd'),
      'unsafe_reference',
      "leaves the asset's folder",
    ],
    ['an image outside the folder', withImage({ uri: 'file:///etc/passwd' }), 'unsafe_reference', 'scheme'],
    [
      'a data URI that Blender would open as a path',
      withImage({ uri: 'data:x/../../etc/hostname' }),
      'unsafe_reference',
      "leaves the asset's folder",
    ],
  ];
  it.each(refused)('refuses %s', async (_, change, reason, message) => {
    await expect(triage(triangleGltf(change))).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(message),
      detail: { stage: 'triage' },
    });
  });

  it('refuses infinity, which JSON writes as 1e999', async () => {
    const text = JSON.stringify(triangleGltf((gltf) => (gltf.nodes[0]!.scale = [1, 1, 777]))).replace('777', '1e999');
    await expect(triage(text)).rejects.toMatchObject({
      reason: 'invalid_asset',
      message: expect.stringContaining('the value Infinity'),
    });
  });

  it.each([
    ['{"asset": {', 'does not parse'],
    ['[]', 'is not an object'],
    ['{"asset": NaN}', 'does not parse'],
    ['\uFEFF{"asset": {"version": "2.0"}}', 'byte order mark'],
  ])('refuses the JSON %s', async (text, message) => {
    await expect(triage(text)).rejects.toMatchObject({
      reason: 'invalid_asset',
      message: expect.stringContaining(message),
    });
  });

  const unseen: [string, Change][] = [
    [
      'a node of no scene',
      (gltf) => {
        gltf.nodes.push({ mesh: 1 });
        gltf.meshes.push({ primitives: [{ attributes: { POSITION: 0 } }] });
      },
    ],
    ['a skin of no node', (gltf) => (gltf.skins = [{ joints: [0], inverseBindMatrices: 0 }])],
    [
      'an animation of what a pointer names',
      (gltf) => {
        const channels = [{ sampler: 0, target: { path: 'pointer' } }];
        gltf.animations = [{ samplers: [{ input: 0, output: 0 }], channels }];
      },
    ],
  ];
  it.each(unseen)('counts the data of %s, since Blender reads it', async (_, change) => {
    await expect(triage(triangleGltf(change), { elements: 5 })).rejects.toMatchObject({ reason: 'asset_too_large' });
  });

  const capped: [string, Partial<TriageLimits>, Change][] = [
    ['nodes', { nodes: 1 }, (gltf) => gltf.nodes.push({})],
    ['meshes', { meshes: 1 }, (gltf) => gltf.meshes.push({ primitives: [] })],
    ['primitives', { primitives: 1 }, (gltf) => gltf.meshes[0]!.primitives.push({ attributes: {} })],
    ['animations', { animations: 1 }, (gltf) => (gltf.animations = [{}, {}])],
    ['animation channels', { channels: 1 }, (gltf) => (gltf.animations = [{ channels: [{}, {}] }])],
    ['images', { images: 1 }, (gltf) => (gltf.images = [{}, {}])],
    [
      'pixels of all images',
      { pixels: 150 },
      (gltf) => (gltf.images = [{ uri: dataUri(pngHead(10, 10)) }, { uri: dataUri(pngHead(10, 10)) }]),
    ],
    [
      'vertices, indices and keys',
      { elements: 5 },
      (gltf) => gltf.meshes[0]!.primitives.push({ attributes: { POSITION: 0 } }),
    ],
    [
      'nodes and instances',
      { nodes: 3 },
      (gltf) => (gltf.nodes[0]!.extensions = { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION: 0 } } }),
    ],
    [
      'files that the asset refers to',
      { dependencies: 1 },
      (gltf) => (gltf.images = [{ uri: 'a.png' }, { uri: 'b.png' }]),
    ],
  ];
  it.each(capped)('caps the number of %s', async (what, limits, change) => {
    await expect(triage(triangleGltf(change), limits)).rejects.toMatchObject({
      reason: 'asset_too_large',
      message: expect.stringContaining(what),
    });
  });

  it('lists the files that the asset refers to, once each', async () => {
    const report = await triage(
      triangleGltf((gltf) => {
        gltf.buffers[0]!.uri = 'geometry%20one.bin';
        gltf.images = [{ uri: 'textures/wood.png' }, { uri: './textures/wood.png' }];
      }),
    );
    expect(report.dependencies).toEqual([
      { uri: 'geometry one.bin', kind: 'buffer' },
      { uri: 'textures/wood.png', kind: 'image' },
    ]);
  });

  it('looks into files beside the asset once they have been fetched', async () => {
    const json = triangleGltf((gltf) => {
      gltf.buffers[0]!.uri = 'short.bin';
      gltf.images = [{ uri: 'textures/bomb.png' }];
    });
    await expect(triage(json)).resolves.toMatchObject({ format: 'glb' });
    await mkdir(dirname(join(folder(), 'textures/bomb.png')), { recursive: true });
    await writeFile(join(folder(), 'textures/bomb.png'), pngHead(50_000, 50_000));
    await expect(triage(json)).rejects.toMatchObject({ reason: 'asset_too_large' });
    await writeFile(join(folder(), 'short.bin'), Buffer.alloc(20));
    await expect(triage(json)).rejects.toMatchObject({
      reason: 'invalid_asset',
      message: expect.stringContaining('bufferViews[0] has 20'),
    });
  });

  it('says what has to be decoded by where it is used, and does not look for compressed bytes in the plain views', async () => {
    const draco = await triage(
      triangleGltf((gltf) => {
        gltf.accessors[0] = { componentType: 5126, count: 1000, type: 'VEC3' };
        gltf.meshes[0]!.primitives[0]!.extensions = {
          KHR_draco_mesh_compression: { bufferView: 0, attributes: { POSITION: 0 } },
        };
      }),
    );
    expect(draco.decode).toEqual(['draco']);
    const both = await triage(
      triangleGltf((gltf) => {
        gltf.bufferViews[0] = {
          buffer: 1,
          byteLength: 36,
          extensions: { EXT_meshopt_compression: { buffer: 0, byteLength: 20, count: 3, byteStride: 12 } },
        };
        gltf.buffers.push({ byteLength: 36 });
        gltf.extensionsRequired = ['EXT_meshopt_compression', 'KHR_texture_basisu'];
      }),
    );
    expect(both.decode).toEqual(['ktx2', 'meshopt']);
  });

  it('leaves a KTX2 texture with a fallback to Blender, which reads the fallback', async () => {
    const textures = [{ source: 0, extensions: { KHR_texture_basisu: { source: 1 } } }];
    expect((await triage(triangleGltf((gltf) => (gltf.textures = textures)))).decode).toEqual([]);
  });
});
