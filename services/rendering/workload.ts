import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { MAX_HDR_BYTES } from '../images/hdr.ts';
import { countViews } from '../images/views.ts';

/**
 * Bytes of a rendered pixel: 52 for its passes as 32-bit floats before compression, and 27 for its images if they do
 * not compress.
 */
const BYTES_A_PIXEL = 80;
/** The work of a usual task: one view of 1024 by 1024 pixels with 64 samples. */
const USUAL_SAMPLES = 1024 ** 2 * 64;

/**
 * Computes a task's needs: scratch space for all passes of all views and for the environment image, and more time if
 * there is more to render.
 */
export function workloadOf(spec: RenderSpec): { scratchBytes: number; timeFactor: number } {
  const pixels = spec.width * spec.height * countViews(spec);
  // The spec does not say how large the environment image is.
  const lightBytes = spec.lighting?.hdrUri ? MAX_HDR_BYTES : 0;
  const scratchBytes = pixels * BYTES_A_PIXEL + lightBytes;
  return { scratchBytes, timeFactor: Math.max(1, (pixels * spec.samples) / USUAL_SAMPLES) };
}
