import { Denoising, RenderPreset } from '../../gen/cyclorama/rendering/v1/spec.ts';

/** Number of samples and the denoiser. */
export interface Quality {
  samples: number;
  denoising: Denoising;
}

/**
 * The presets; `render_spec.py` has the same table.
 * Fingerprints do not contain these numbers, so a change of one must come with a higher recipe of the operation.
 */
const PRESETS = {
  [RenderPreset.RENDER_PRESET_DRAFT]: { samples: 8, denoising: Denoising.DENOISING_FAST },
  [RenderPreset.RENDER_PRESET_STANDARD]: { samples: 16, denoising: Denoising.DENOISING_FAST },
  [RenderPreset.RENDER_PRESET_TRAINING]: { samples: 128, denoising: Denoising.DENOISING_HIGH },
} as const;

/** Returns samples and denoiser of a preset; unspecified means STANDARD. */
export function qualityOf(preset: RenderPreset): Quality {
  return PRESETS[preset as keyof typeof PRESETS] ?? PRESETS[RenderPreset.RENDER_PRESET_STANDARD];
}
