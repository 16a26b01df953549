import { join } from 'node:path';

import { type ByteSource, sourceIfThere } from '../byte-source.ts';
import type { TriageLimits } from '../limits.ts';
import type { PixelBudget } from '../pixel-budget.ts';
import { parseReference } from '../reference.ts';
import { assertWithin } from '../refusal.ts';
import { type BufferView, embeddedSource } from './buffers.ts';
import { integerOf, type JsonObject, objectsOf, textOf } from './json.ts';

/** Checks the number of images, and the size of those whose bytes are available. */
export async function checkImages(
  gltf: JsonObject,
  views: BufferView[],
  folder: string,
  budget: PixelBudget,
  limits: TriageLimits,
): Promise<number> {
  const images = objectsOf(gltf, 'images', 'glTF');
  assertWithin(images.length, limits.images, 'images');
  for (const [index, image] of images.entries()) {
    const name = `images[${index}]`;
    const source = await imageSource(image, name, views, folder);
    if (source) await budget.measure(source, name);
  }
  return images.length;
}

async function imageSource(
  image: JsonObject,
  name: string,
  views: BufferView[],
  folder: string,
): Promise<ByteSource | undefined> {
  const uri = textOf(image, 'uri', name);
  if (uri === undefined) {
    const view = integerOf(image, 'bufferView', name);
    return view === undefined ? undefined : views[view]?.source;
  }
  const reference = parseReference(uri);
  if (reference.kind === 'embedded') return embeddedSource(uri);
  return reference.kind === 'file' ? sourceIfThere(join(folder, reference.path)) : undefined;
}
