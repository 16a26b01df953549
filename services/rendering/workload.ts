import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { MAX_HDR_BYTES } from '../images/hdr.ts';
import { countViews } from '../images/views.ts';

/**
 * Passes of 32-bit floats in a rendered pixel before compression (52), and what is made of them (27 where it does not
 * compress).
 */
const BYTES_A_PIXEL = 80;
/** One view of 1024 by 1024 with 64 samples is usual. */
const USUAL_SAMPLES = 1024 ** 2 * 64;

/**
 * What rendering takes of a worker: room for all passes of all views and for the light's image, and more time where
 * there is more to render.
 */
export function workloadOf(spec: RenderSpec): { scratchBytes: number; timeFactor: number } {
  const pixels = spec.width * spec.height * countViews(spec);
  // How large it is the spec does not say.
  const lightBytes = spec.lighting?.hdrUri ? MAX_HDR_BYTES : 0;
  const scratchBytes = pixels * BYTES_A_PIXEL + lightBytes;
  return { scratchBytes, timeFactor: Math.max(1, (pixels * spec.samples) / USUAL_SAMPLES) };
}
