import { writeFile } from 'node:fs/promises';

import { type Document, type ILogger, VertexLayout, WebIO } from '@gltf-transform/core';
import { ALL_EXTENSIONS } from '@gltf-transform/extensions';
import draco3d from 'draco3dgltf';
import { MeshoptDecoder } from 'meshoptimizer/decoder';

import { BLENDER_READS, DECODED_EXTENSIONS, type Decoding } from './gltf/extensions.ts';
import { createKtx2Decoder, isKtx2 } from './ktx2.ts';
import { readConfined } from './read-document.ts';

/**
 * We keep only extensions that Blender reads or that we decode; others, such as EXT_mesh_features, stop glTF-Transform.
 */
const EXTENSIONS = ALL_EXTENSIONS.filter(
  ({ EXTENSION_NAME: name }) => BLENDER_READS.has(name) || name in DECODED_EXTENSIONS,
);

/** The changes that decoding made to a file. */
export interface DecodeReport {
  decoded: Decoding[];
  warnings: string[];
}

/** Writes a glTF as a GLB without Draco, meshopt and KTX2. Vertices keep their number and order. */
export async function decodeDocument(inputPath: string, outputPath: string): Promise<DecodeReport> {
  const warnings: string[] = [];
  const io = new WebIO()
    .setLogger(collectInto(warnings))
    // Blender's importer fails on interleaved custom attributes of integers.
    .setVertexLayout(VertexLayout.SEPARATE)
    .registerExtensions(EXTENSIONS)
    .registerDependencies({
      'draco3d.decoder': await draco3d.createDecoderModule(),
      'meshopt.decoder': MeshoptDecoder,
    });
  await MeshoptDecoder.ready;
  const document = await io.readJSON(await readConfined(inputPath, warnings));
  const decoded = new Set<Decoding>();
  if (await replaceTextures(document)) decoded.add('ktx2');
  for (const extension of document.getRoot().listExtensionsUsed()) {
    const decoding = DECODED_EXTENSIONS[extension.extensionName];
    if (!decoding) continue;
    decoded.add(decoding);
    extension.dispose();
  }
  // A texture without an image is removed; the reader has already warned about it.
  for (const texture of document.getRoot().listTextures()) if (!texture.getImage()) texture.dispose();
  useOneBuffer(document);
  await writeFile(outputPath, await io.writeBinary(document));
  return { decoded: [...decoded].sort(), warnings };
}

function collectInto(warnings: string[]): ILogger {
  const add = (text: string) =>
    warnings.push(text.replace('Missing optional extension', 'dropped in decoding: the extension'));
  return { debug: () => {}, info: () => {}, warn: add, error: add };
}

async function replaceTextures(document: Document): Promise<boolean> {
  const textures = document
    .getRoot()
    .listTextures()
    .filter((texture) => isKtx2(texture.getImage() ?? new Uint8Array()));
  if (textures.length === 0) return false;
  const toPng = await createKtx2Decoder();
  for (const [index, texture] of textures.entries()) {
    try {
      texture.setImage(new Uint8Array(toPng(texture.getImage()!))).setMimeType('image/png');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`KTX2 texture ${index} '${texture.getName() || texture.getURI()}': ${reason}`, { cause });
    }
  }
  return true;
}

/** Moves all accessors into the one buffer of a GLB. Accessors without a buffer would not be written. */
function useOneBuffer(document: Document): void {
  const [first = document.createBuffer(), ...others] = document.getRoot().listBuffers();
  for (const accessor of document.getRoot().listAccessors()) accessor.setBuffer(first);
  for (const buffer of others) buffer.dispose();
}
