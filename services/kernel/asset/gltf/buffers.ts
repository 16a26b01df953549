import { join } from 'node:path';

import { type ByteSource, memorySource, partOf, sourceIfThere } from '../byte-source.ts';
import { parseReference } from '../reference.ts';
import { MESHOPT_EXTENSIONS } from './extensions.ts';
import { extensionOf, integerOf, type JsonObject, objectsOf, requiredIntegerOf, textOf } from './json.ts';

/** The real size of a buffer, and its bytes if they are available. */
export interface BufferContent {
  size: number;
  source?: ByteSource;
}

/** A slice of a buffer as the importer sees it: cut off at the buffer's end. */
export interface BufferView {
  size: number;
  stride: number | undefined;
  source?: ByteSource;
}

/** Finds the buffers' bytes in the GLB, in data URIs, or in fetched files beside the asset. */
export async function readBuffers(
  gltf: JsonObject,
  folder: string,
  binary: ByteSource | undefined,
): Promise<BufferContent[]> {
  const contents: BufferContent[] = [];
  for (const [index, buffer] of objectsOf(gltf, 'buffers', 'glTF').entries()) {
    const where = `buffers[${index}]`;
    const declared = requiredIntegerOf(buffer, 'byteLength', where);
    const uri = textOf(buffer, 'uri', where);
    if (uri !== undefined) contents.push(await readUri(uri, declared, folder));
    else if (index === 0 && binary) contents.push({ size: binary.size, source: binary });
    else contents.push({ size: 0 });
  }
  return contents;
}

async function readUri(uri: string, declared: number, folder: string): Promise<BufferContent> {
  const reference = parseReference(uri);
  if (reference.kind === 'unreadable') return { size: 0 };
  const source =
    reference.kind === 'embedded' ? embeddedSource(uri) : await sourceIfThere(join(folder, reference.path));
  return source ? { size: source.size, source } : { size: declared };
}

/** Makes a source of the bytes of a base64 data URI. */
export function embeddedSource(uri: string): ByteSource {
  return memorySource(Buffer.from(uri.slice(uri.indexOf(';base64,') + ';base64,'.length), 'base64'));
}

/** Reads the buffer views with their real sizes. A view compressed by meshopt has its size after decoding. */
export function readBufferViews(gltf: JsonObject, buffers: BufferContent[]): BufferView[] {
  return objectsOf(gltf, 'bufferViews', 'glTF').map((view, index) => {
    const where = `bufferViews[${index}]`;
    const length = requiredIntegerOf(view, 'byteLength', where);
    const stride = integerOf(view, 'byteStride', where) || undefined;
    if (MESHOPT_EXTENSIONS.some((name) => extensionOf(view, name, where))) return { size: length, stride };
    const offset = integerOf(view, 'byteOffset', where) ?? 0;
    const buffer = buffers[requiredIntegerOf(view, 'buffer', where)];
    const size = Math.max(0, Math.min(length, (buffer?.size ?? 0) - offset));
    return buffer?.source ? { size, stride, source: partOf(buffer.source, offset, size) } : { size, stride };
  });
}
