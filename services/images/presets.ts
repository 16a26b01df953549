import { Denoising, RenderPreset } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { DEFAULTS } from './defaults.ts';

/** Samples and denoiser together. */
export interface Quality {
  samples: number;
  denoising: Denoising;
}

/** The presets. Their numbers are in no fingerprint, so a change of one raises the operation's recipe. `render_spec.py` has the same table. */
const PRESETS = {
  [RenderPreset.RENDER_PRESET_DRAFT]: { samples: 8, denoising: Denoising.DENOISING_FAST },
  [RenderPreset.RENDER_PRESET_STANDARD]: { samples: 16, denoising: Denoising.DENOISING_FAST },
  [RenderPreset.RENDER_PRESET_TRAINING]: { samples: 128, denoising: Denoising.DENOISING_HIGH },
} as const;

/** Returns the samples and the denoiser of a preset; those of the default preset where it is unspecified. */
export function qualityOf(preset: RenderPreset): Quality {
  return PRESETS[preset as keyof typeof PRESETS] ?? PRESETS[DEFAULTS.preset];
}
