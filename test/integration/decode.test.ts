import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Document, NodeIO } from '@gltf-transform/core';
import { ALL_EXTENSIONS } from '@gltf-transform/extensions';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';

import { memorySource } from '../../services/kernel/asset/byte-source.ts';
import { decodeAsset } from '../../services/kernel/asset/decode.ts';
import { readGlb } from '../../services/kernel/asset/gltf/glb.ts';
import { DEFAULT_TRIAGE_LIMITS } from '../../services/kernel/asset/limits.ts';
import { triageFile } from '../../services/kernel/asset/triage.ts';
import { glb } from '../support/assets/glb.ts';
import { type GltfJson, TRIANGLE_BYTES, triangleGltf } from '../support/assets/gltf.ts';
import { KTX2_ETC1S, KTX2_UASTC } from '../support/assets/ktx2.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();
const samples = fileURLToPath(new URL('../../samples/', import.meta.url));
const OPTIONS = { signal: new AbortController().signal, deadlineMs: 60_000, memoryMb: 2_048 };

/** The parts of a glTF's JSON that these tests look at. */
interface Gltf {
  [list: string]: unknown[] | undefined;
  meshes: { primitives: { attributes: { POSITION: number } }[] }[];
  accessors: { count: number }[];
}

async function readJson(path: string): Promise<Gltf> {
  const { json } = await readGlb(memorySource(await readFile(path)), 1e9);
  return JSON.parse(json.toString());
}

async function decode(
  input: string,
): Promise<{ output: string; decoded: string[]; warnings: string[]; document: Document }> {
  const output = join(folder(), 'decoded.glb');
  const report = await decodeAsset(input, output, OPTIONS);
  return { output, ...report, document: await new NodeIO().registerExtensions(ALL_EXTENSIONS).read(output) };
}

async function write(name: string, content: Buffer | string): Promise<string> {
  await writeFile(join(folder(), name), content);
  return join(folder(), name);
}

/** Vertices of each primitive, in the file's order. */
function vertexCounts(document: Document): number[] {
  return document
    .getRoot()
    .listMeshes()
    .flatMap((mesh) => mesh.listPrimitives().map((each) => each.getAttribute('POSITION')!.getCount()));
}

async function declaredCounts(path: string): Promise<number[]> {
  const { meshes, accessors } = await readJson(path);
  return meshes.flatMap((mesh) => mesh.primitives).map(({ attributes }) => accessors[attributes.POSITION]!.count);
}

describe('decoding', () => {
  it.each([
    ['helmet.glb', ['draco']],
    ['city.glb', ['ktx2', 'meshopt']],
    ['fox.glb', []],
  ])(
    'of %s leaves a GLB that needs no decoding, with every vertex, node, material, clip and image',
    async (name, decoded) => {
      const input = join(samples, name);
      const result = await decode(input);
      expect(result.decoded).toEqual(decoded);
      expect(result.warnings).toEqual([]);
      const [before, after] = [await readJson(input), await readJson(result.output)];
      for (const list of ['nodes', 'meshes', 'materials', 'animations', 'skins', 'images', 'textures', 'scenes']) {
        expect([list, after[list]?.length]).toEqual([list, before[list]?.length]);
      }
      expect(vertexCounts(result.document)).toEqual(await declaredCounts(input));
      const report = await triageFile(result.output, 'decoded.glb', DEFAULT_TRIAGE_LIMITS);
      expect(report).toMatchObject({ decode: [], warnings: [] });
    },
  );

  it.each([
    ['ETC1S', KTX2_ETC1S],
    ['UASTC', KTX2_UASTC],
  ])('of a KTX2 texture in %s gives a PNG of the same pixels', async (_, image) => {
    const input = await write('a.glb', texturedGlb(image));
    const { document, decoded } = await decode(input);
    expect(decoded).toEqual(['ktx2']);
    const texture = document.getRoot().listMaterials()[0]!.getBaseColorTexture()!;
    expect(texture.getMimeType()).toBe('image/png');
    const { width, height, data } = PNG.sync.read(Buffer.from(texture.getImage()!));
    expect([width, height]).toEqual([16, 16]);
    const pixel = (x: number, y: number) => [...data.subarray((y * 16 + x) * 4, (y * 16 + x) * 4 + 4)];
    const near = (wanted: number[]) => wanted.map((value) => expect.closeTo(value, -1.2));
    expect(pixel(3, 3)).toEqual(near([255, 0, 0, 255]));
    expect(pixel(12, 3)).toEqual(near([0, 255, 0, 255]));
    expect(pixel(3, 12)).toEqual(near([0, 0, 255, 255]));
    expect(pixel(12, 12)).toEqual(near([255, 255, 255, 255]));
  });

  it('reads meshopt under its later name, KHR_meshopt_compression', async () => {
    const { json, binary } = await readGlb(memorySource(await readFile(join(samples, 'city.glb'))), 1e9);
    const renamed = json.toString().replaceAll('EXT_meshopt_compression', 'KHR_meshopt_compression');
    const input = await write('a.glb', glb(renamed, await binary!.read(0, binary!.size)));
    const { decoded, document } = await decode(input);
    expect(decoded).toEqual(['ktx2', 'meshopt']);
    expect(vertexCounts(document)).toEqual(await declaredCounts(join(samples, 'city.glb')));
  });

  it('keeps what Blender reads and glTF-Transform would stop at: zeros, spare buffers, images that are missing', async () => {
    const json = triangleGltf((gltf) => {
      gltf.buffers = [{ byteLength: 36 }, { byteLength: 36, uri: 'second.bin' }];
      gltf.accessors.push(
        { bufferView: 1, componentType: 5126, count: 3, type: 'VEC3' },
        { componentType: 5126, count: 3, type: 'VEC2' },
      );
      gltf.bufferViews.push({ buffer: 1, byteLength: 36 });
      gltf.meshes[0]!.primitives[0]!.attributes = { POSITION: 0, NORMAL: 1, TEXCOORD_0: 2 };
      gltf.images = [{ uri: 'gone.png' }];
      gltf.textures = [{ source: 0 }];
      gltf.materials = [{ name: 'Plain', pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }];
      gltf.meshes[0]!.primitives[0]!.material = 0;
      gltf.extensionsUsed = ['ACME_gizmo'];
      gltf.nodes[0]!.extensions = { ACME_gizmo: {} };
      gltf.nodes[0]!.extras = { kept: true };
    });
    await write('second.bin', TRIANGLE_BYTES);
    const { document, warnings } = await decode(await write('a.glb', glb(json, TRIANGLE_BYTES)));
    const primitive = document.getRoot().listMeshes()[0]!.listPrimitives()[0]!;
    expect([...primitive.getAttribute('NORMAL')!.getArray()!]).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0]);
    expect([...primitive.getAttribute('TEXCOORD_0')!.getArray()!]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(document.getRoot().listNodes()[0]!.getExtras()).toEqual({ kept: true });
    expect(primitive.getMaterial()!.getBaseColorTexture()).toBeNull();
    expect(warnings).toEqual(['images[0] is missing', 'dropped in decoding: the extension, "ACME_gizmo".']);
  });

  it('never reads a file outside the folder', async () => {
    const outside = triangleGltf((gltf) => (gltf.buffers[0]!.uri = '../outside.bin'));
    await expect(decode(await write('a.gltf', JSON.stringify(outside)))).rejects.toMatchObject({
      reason: 'decode_failed',
      message: expect.stringContaining("leaves the asset's folder"),
    });
  });

  it('of broken data fails with decode_failed, says what, and leaves no output', async () => {
    const brokenImage = await write('image.glb', texturedGlb(KTX2_ETC1S.subarray(0, 200)));
    await expect(decode(brokenImage)).rejects.toMatchObject({
      reason: 'decode_failed',
      message: expect.stringContaining("KTX2 texture 0 'quarters'"),
    });
    const draco = await readFile(join(samples, 'helmet.glb'));
    const { json, binary } = await readGlb(memorySource(draco), 1e9);
    const brokenMesh = await write('mesh.glb', glb(json.toString(), Buffer.alloc(binary!.size, 7)));
    await expect(decode(brokenMesh)).rejects.toMatchObject({ reason: 'decode_failed', detail: { stage: 'decode' } });
    await expect(readFile(join(folder(), 'decoded.glb'))).rejects.toThrow('ENOENT');
  });
});

/** A triangle whose material has a KTX2 texture. */
function texturedGlb(image: Buffer): Buffer {
  const change = (gltf: GltfJson) => {
    gltf.bufferViews.push({ buffer: 0, byteOffset: 36, byteLength: image.length });
    gltf.buffers = [{ byteLength: 36 + image.length }];
    gltf.images = [{ name: 'quarters', mimeType: 'image/ktx2', bufferView: 1 }];
    gltf.textures = [{ extensions: { KHR_texture_basisu: { source: 0 } } }];
    gltf.materials = [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }];
    gltf.meshes[0]!.primitives[0]!.material = 0;
    gltf.extensionsUsed = ['KHR_texture_basisu'];
    gltf.extensionsRequired = ['KHR_texture_basisu'];
  };
  return glb(triangleGltf(change), Buffer.concat([TRIANGLE_BYTES, image]));
}
