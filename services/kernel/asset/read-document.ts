import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { GLB_BUFFER, type GLTF, type JSONDocument } from '@gltf-transform/core';

import { openSource } from './byte-source.ts';
import { DECODED_EXTENSIONS } from './gltf/extensions.ts';
import { readGlb } from './gltf/glb.ts';
import { type JsonObject, objectsOf, parseGltf, textOf, textsOf } from './gltf/json.ts';
import { parseReference } from './reference.ts';

/**
 * Reads a glTF and the files beside it for glTF-Transform, whose own reader would follow a URI anywhere on the disk.
 */
export async function readConfined(path: string, warnings: string[]): Promise<JSONDocument> {
  await using source = await openSource(path);
  const isBinary = (await source.read(0, 4)).toString('latin1') === 'glTF';
  const glb = isBinary ? await readGlb(source, source.size) : undefined;
  const gltf = parseGltf(glb?.json ?? (await source.read(0, source.size)));
  const resources: JSONDocument['resources'] = {};
  if (glb?.binary) resources[GLB_BUFFER] = toView(await glb.binary.read(0, glb.binary.size));
  for (const uri of [...listUris(gltf, 'buffers'), ...listUris(gltf, 'images')]) {
    const reference = parseReference(uri);
    if (reference.kind !== 'file') continue;
    const bytes = await readIfThere(join(dirname(path), reference.path));
    if (bytes) resources[uri] = toView(bytes);
  }
  adapt(gltf, resources, warnings);
  return { json: gltf as unknown as GLTF.IGLTF, resources };
}

function listUris(gltf: JsonObject, list: string): string[] {
  return objectsOf(gltf, list, 'glTF').flatMap((element) => textOf(element, 'uri', list) ?? []);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Copies bytes into their own, aligned buffer, because glTF-Transform makes typed arrays over them. */
function toView(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Changes whatever glTF-Transform would refuse and Blender accepts. */
function adapt(gltf: JsonObject, resources: JSONDocument['resources'], warnings: string[]): void {
  renameMeshopt(gltf);
  const used = new Set(textsOf(gltf, 'extensionsUsed', 'glTF'));
  const required = textsOf(gltf, 'extensionsRequired', 'glTF');
  for (const name of required) if (name in DECODED_EXTENSIONS) used.add(name);
  gltf.extensionsUsed = [...used];
  // Triage has checked the other required extensions; glTF-Transform would refuse them, so we drop them here.
  gltf.extensionsRequired = required.filter((name) => name in DECODED_EXTENSIONS);
  for (const animation of objectsOf(gltf, 'animations', 'glTF')) {
    const channels = objectsOf(animation, 'channels', 'animation');
    const kept = channels.filter((channel) => (channel.target as JsonObject | undefined)?.path !== 'pointer');
    if (kept.length < channels.length)
      warnings.push('animations of other things than nodes (KHR_animation_pointer) are lost in decoding');
    animation.channels = kept;
  }
  for (const [index, image] of objectsOf(gltf, 'images', 'glTF').entries()) {
    const uri = textOf(image, 'uri', 'image');
    const isThere =
      image.bufferView !== undefined || (uri !== undefined && (uri in resources || uri.startsWith('data:')));
    if (isThere) continue;
    warnings.push(`images[${index}] is missing`);
    image.uri ??= 'missing.png';
  }
}

/** Renames KHR_meshopt_compression, the later name of the same container. The decoder reads both codec versions. */
function renameMeshopt(gltf: JsonObject): void {
  const [current, later] = ['EXT_meshopt_compression', 'KHR_meshopt_compression'];
  for (const holder of [...objectsOf(gltf, 'bufferViews', 'glTF'), ...objectsOf(gltf, 'buffers', 'glTF')]) {
    const extensions = holder.extensions as JsonObject | undefined;
    if (extensions && later in extensions) extensions[current] ??= extensions[later];
  }
  for (const list of ['extensionsUsed', 'extensionsRequired']) {
    gltf[list] = [...new Set(textsOf(gltf, list, 'glTF').map((name) => (name === later ? current : name)))];
  }
}
