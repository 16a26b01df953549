import { Modality, RawOutput, type RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { countViews } from '../images/views.ts';

const WORDS: Partial<Record<Modality, string>> = {
  [Modality.MODALITY_TEXTURED]: 'textured',
  [Modality.MODALITY_NORMAL]: 'normal',
  [Modality.MODALITY_DEPTH]: 'depth',
  [Modality.MODALITY_EDGE]: 'edge',
};

/** Returns the name of a modality in file names and contact sheets. */
export function modalityWord(modality: Modality): string {
  return WORDS[modality] ?? '';
}

const RAW: Partial<Record<RawOutput, string>> = {
  [RawOutput.RAW_OUTPUT_DEPTH_EXR]: 'render_depth.exr',
  [RawOutput.RAW_OUTPUT_DEPTH_PNG16]: 'render_depth_16.png',
  [RawOutput.RAW_OUTPUT_NORMAL_EXR]: 'render_normal.exr',
};

/**
 * Names the files that a resolved spec may leave below the asset's folder. `imaging/derive.py` writes them, and a
 * contract test compares the two. Other assets may share the folder: files of `chair.glb` lie in `chair/` and
 * `chair/view_000/`, and those of `chair/view_000.glb` lie in `chair/view_000/` under other names.
 */
export function ownNames(spec: RenderSpec): string[] {
  const images = spec.modalities.map((modality) => `render_${modalityWord(modality)}.png`);
  const raw = spec.rawOutputs.flatMap((output) => RAW[output] ?? []);
  const files = [...images, ...raw];
  const views = countViews(spec);
  if (views === 1) return ['metadata.json', ...files];
  const folders = Array.from({ length: views }, (_, view) => `view_${String(view).padStart(3, '0')}/`);
  return ['metadata.json', 'transforms.json', ...folders.flatMap((folder) => files.map((file) => folder + file))];
}
