import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';

/** Counts the views of a spec, which is the number of images of each modality. */
export function countViews({ views }: Pick<RenderSpec, 'views'>): number {
  const arrangement = views?.arrangement;
  if (arrangement?.$case === 'ring' || arrangement?.$case === 'hammersley') return arrangement.value.count;
  return arrangement?.$case === 'posed' ? arrangement.value.poses.length : 1;
}
