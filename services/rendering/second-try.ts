import type { Derivation, Rendering } from '../../gen/cyclorama/blender/v1/blender.ts';
import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { countViews } from '../images/views.ts';

/** This share is added to the margin around an object that touched the border. */
const MORE_MARGIN = 0.15;
const MOST_MARGIN = 0.5;
/** The direction of the second try for an object that shows nothing from the front: a plane on edge shows its face. */
const SIDE_DEGREES = 35;
const UP_DEGREES = 40;

/** The changes for the second try, and the sentence that names them. */
export interface ChangedSpec {
  spec: RenderSpec;
  warning: string;
}

/** Changes a resolved spec so that the images may pass their checks; undefined if no change would help. */
export function changeSpec(
  spec: RenderSpec,
  rendering: Rendering,
  { shortfalls }: Derivation,
): ChangedSpec | undefined {
  const arrangement = spec.views?.arrangement?.$case;
  const reasons = new Set(shortfalls.map(({ reason }) => reason));
  const margin = spec.framingMargin ?? 0;
  if (reasons.has('cropped') && arrangement !== 'posed' && margin < MOST_MARGIN) {
    const framingMargin = Math.min(MOST_MARGIN, margin + MORE_MARGIN);
    const warning =
      `rendered with a framing margin of ${framingMargin.toFixed(2)}: the object touched the border with ` +
      `${margin.toFixed(2)}`;
    return { spec: { ...spec, framingMargin }, warning };
  }
  if (reasons.has('blank_render') && arrangement === 'front') {
    const warning =
      `seen from ${SIDE_DEGREES} degrees to the side and ${UP_DEGREES} degrees above: from the front it shows ` +
      'nothing';
    return { spec: { ...spec, views: seenFromTheSide(spec, rendering) }, warning };
  }
  return undefined;
}

/** Places a view at the side and above, so far away that the sphere around the object's box is inside the margin. */
function seenFromTheSide(spec: RenderSpec, { box }: Rendering): NonNullable<RenderSpec['views']> {
  const half = (axis: 'x' | 'y' | 'z'): number => ((box?.max?.[axis] ?? 0) - (box?.min?.[axis] ?? 0)) / 2;
  const radius = Math.max(Math.hypot(half('x'), half('y'), half('z')), 1e-6);
  const tangent = Math.tan(toRadians(spec.fieldOfViewDegrees!) / 2) * Math.min(1, spec.height / spec.width);
  const distance = radius / ((1 - spec.framingMargin!) * Math.sin(Math.atan(tangent)));
  const [side, up] = [toRadians(SIDE_DEGREES), toRadians(UP_DEGREES)];
  const position = {
    x: distance * Math.sin(side) * Math.cos(up),
    y: -distance * Math.cos(side) * Math.cos(up),
    z: distance * Math.sin(up),
  };
  return { arrangement: { $case: 'posed', value: { poses: [{ position, lookAt: { x: 0, y: 0, z: 0 } }] } } };
}

/**
 * Returns the shortfalls that make the asset a failure. Some of several views may be blank (a plane on edge), not all.
 */
export function graveShortfalls(spec: RenderSpec, { shortfalls }: Derivation): Derivation['shortfalls'] {
  const blank = new Set(shortfalls.filter(({ reason }) => reason === 'blank_render').map(({ view }) => view));
  return blank.size >= countViews(spec) ? shortfalls : shortfalls.filter(({ reason }) => reason !== 'blank_render');
}

function toRadians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
