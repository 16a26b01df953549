import { Denoising, RenderPreset } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { DEFAULTS } from './defaults.ts';

/** The settings that a preset chooses together. */
export interface Quality {
  samples: number;
  denoising: Denoising;
}

/**
 * Quality of each preset; `render_spec.py` has the same table, and a contract test compares.
 * Fingerprints hold the preset's name, not its numbers, so a change here must raise the recipe of each operation.
 */
const PRESETS = {
  [RenderPreset.RENDER_PRESET_DRAFT]: { samples: 8, denoising: Denoising.DENOISING_FAST },
  [RenderPreset.RENDER_PRESET_STANDARD]: { samples: 16, denoising: Denoising.DENOISING_FAST },
  [RenderPreset.RENDER_PRESET_TRAINING]: { samples: 128, denoising: Denoising.DENOISING_HIGH },
} as const;

/** Returns the quality of a preset; that of the default preset if it is unspecified. */
export function qualityOf(preset: RenderPreset): Quality {
  return PRESETS[preset as keyof typeof PRESETS] ?? PRESETS[DEFAULTS.preset];
}
