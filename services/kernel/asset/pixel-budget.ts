import type { ByteSource } from './byte-source.ts';
import { readImageSize } from './image-size.ts';
import type { TriageLimits } from './limits.ts';
import { assertWithin } from './refusal.ts';

/** Adds up the pixels of images and refuses an image bomb. */
export interface PixelBudget {
  measure(source: ByteSource, name: string): Promise<void>;
  pixels: number;
  warnings: string[];
}

/** Creates the budget of one asset. */
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
