import { join } from 'node:path';

import type { ByteSource } from './byte-source.ts';
import { type BufferView, embeddedSource, fetchedSource } from './gltf-buffers.ts';
import { integerOf, type JsonObject, objectsOf, textOf } from './gltf-json.ts';
import { readImageSize } from './image-size.ts';
import type { TriageLimits } from './limits.ts';
import { parseReference } from './reference.ts';
import { assertWithin } from './refusal.ts';

/** Adds up decoded pixels and refuses an image bomb. */
export interface PixelBudget {
  measure(source: ByteSource, name: string): Promise<void>;
  pixels: number;
  warnings: string[];
}

/** Prepares the budget of one asset. */
export function createPixelBudget(limits: TriageLimits): PixelBudget {
  const budget: PixelBudget = {
    pixels: 0,
    warnings: [],
    async measure(source, name) {
      const size = await readImageSize(source);
      if (!size) {
        budget.warnings.push(`${name} is none of PNG, JPEG, WebP, KTX2 and BMP, or is broken`);
        return;
      }
      const pixels = size.width * size.height * size.layers;
      assertWithin(pixels, limits.pixelsPerImage, `pixels of ${name}`);
      budget.pixels += pixels;
      assertWithin(budget.pixels, limits.pixels, 'pixels of all images');
    },
  };
  return budget;
}

/** Checks the images' number and size, as far as their bytes are at hand. */
export async function checkImages(
  gltf: JsonObject,
  views: BufferView[],
  folder: string,
  budget: PixelBudget,
  opened: AsyncDisposableStack,
  limits: TriageLimits,
): Promise<number> {
  const images = objectsOf(gltf, 'images', 'glTF');
  assertWithin(images.length, limits.images, 'images');
  for (const [index, image] of images.entries()) {
    const name = `images[${index}]`;
    const source = await imageSource(image, name, views, folder, opened);
    if (source) await budget.measure(source, name);
  }
  return images.length;
}

async function imageSource(
  image: JsonObject,
  name: string,
  views: BufferView[],
  folder: string,
  opened: AsyncDisposableStack,
): Promise<ByteSource | undefined> {
  const uri = textOf(image, 'uri', name);
  if (uri === undefined) {
    const view = integerOf(image, 'bufferView', name);
    return view === undefined ? undefined : views[view]?.source;
  }
  const reference = parseReference(uri);
  if (reference.kind === 'embedded') return embeddedSource(uri);
  return reference.kind === 'file' ? fetchedSource(join(folder, reference.path), opened) : undefined;
}
