import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';

/** Counts the images of each modality that a spec asks for. */
export function countViews({ views }: Pick<RenderSpec, 'views'>): number {
  const arrangement = views?.arrangement;
  if (arrangement?.$case === 'ring' || arrangement?.$case === 'hammersley') return arrangement.value.count;
  return arrangement?.$case === 'posed' ? arrangement.value.poses.length : 1;
}
