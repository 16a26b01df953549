import {
  Background,
  Denoising,
  type EdgeThresholds,
  type Lighting,
  LightingPreset,
  type LookAt,
  Modality,
  NormalConvention,
  NormalSpace,
  ObjectScale,
  RawOutput,
  RenderPreset,
  type RenderSpec,
  type Views,
} from '../../gen/cyclorama/rendering/v1/spec.ts';
import { DEFAULTS, SIDE_BOUNDS } from '../images/defaults.ts';
import { countViews } from '../images/views.ts';
import type { FieldViolation } from '../kernel/failure.ts';
import { eachNamed, oneOf, violationsOf, within } from '../kernel/fields.ts';
import { parseObjectUri } from '../kernel/uri.ts';

/** Pixels of sixteen views of 4096 by 4096. */
const MAX_PIXELS = 2 ** 28;
const MAX_SAMPLES = 4096;
/** Largest coordinate of a pose, in units of the rendered world. */
const MAX_COORDINATE = 1e9;
/** Least distance from a pose to the point that it looks at, as a share of its greatest coordinate. */
const LEAST_DISTANCE = 1e-6;
const MAX_SEED = 2 ** 31 - 1;
const MAX_VIEWS = 64;
const HDR_SUFFIX = /\.(?:hdr|exr)$/i;

/** Names every field of a spec that is outside the bounds that the proto states. */
export function checkSpec(spec: RenderSpec): FieldViolation[] {
  const { modalities, rawOutputs } = spec;
  return [
    ...oneOf('preset', spec.preset, RenderPreset),
    ...within('width', spec.width, SIDE_BOUNDS.least, SIDE_BOUNDS.most, 'the default'),
    ...within('height', spec.height, SIDE_BOUNDS.least, SIDE_BOUNDS.most, 'the width'),
    ...within('samples', spec.samples, 1, MAX_SAMPLES, "the preset's"),
    ...oneOf('denoising', spec.denoising, Denoising),
    ...within('seed', spec.seed, 0, MAX_SEED),
    ...checkViews(spec.views),
    ...checkPixels(spec),
    ...within('field_of_view_degrees', spec.fieldOfViewDegrees, 5, 120),
    ...within('framing_margin', spec.framingMargin, 0, 0.5),
    ...oneOf('background', spec.background, Background),
    ...checkLighting(spec.lighting),
    ...oneOf('normal_space', spec.normalSpace, NormalSpace),
    ...oneOf('normal_convention', spec.normalConvention, NormalConvention),
    ...checkEdges(spec.edges),
    ...eachNamed('modalities', modalities, Modality),
    ...eachNamed('raw_outputs', rawOutputs, RawOutput),
    ...oneOf('object_scale', spec.objectScale, ObjectScale),
  ].map(({ field, description }) => ({ field: `spec.${field}`, description }));
}

/** Bounds the pixels that a worker holds at a time; else a task would wait for scratch space that no disk has. */
function checkPixels(spec: RenderSpec): FieldViolation[] {
  const width = spec.width || DEFAULTS.width;
  const pixels = width * (spec.height || width) * countViews(spec);
  if (!(pixels > MAX_PIXELS)) return [];
  const description = `asks for ${pixels} pixels in all views together; expected at most ${MAX_PIXELS}`;
  return [{ field: 'views', description }];
}

function checkViews(views: Views | undefined): FieldViolation[] {
  const arrangement = views?.arrangement;
  switch (arrangement?.$case) {
    case 'ring':
      return [
        ...within('views.ring.count', arrangement.value.count, 1, MAX_VIEWS),
        ...within('views.ring.elevation_degrees', arrangement.value.elevationDegrees, -89, 89),
      ];
    case 'hammersley':
      return within('views.hammersley.count', arrangement.value.count, 1, MAX_VIEWS);
    case 'posed': {
      const { poses } = arrangement.value;
      const wrong = poses.slice(0, MAX_VIEWS).flatMap((pose, i) => checkPose(pose, `views.posed.poses[${i}]`));
      return [...within('views.posed.poses', poses.length, 1, MAX_VIEWS, undefined, 'poses'), ...wrong];
    }
    default:
      return [];
  }
}

/** Checks that a pose has a direction: its two points differ by more than rounding. */
function checkPose({ position, lookAt }: LookAt, field: string): FieldViolation[] {
  const [from, to] = [position, lookAt].map((point) => [point?.x ?? 0, point?.y ?? 0, point?.z ?? 0]) as [
    number[],
    number[],
  ];
  const greatest = Math.max(...[...from, ...to].map(Math.abs));
  if (!(greatest <= MAX_COORDINATE))
    return [
      {
        field,
        description: `has the coordinates ${[...from, ...to].join(', ')}; expected each within ${MAX_COORDINATE} of 0`,
      },
    ];
  const distance = Math.hypot(...from.map((coordinate, axis) => coordinate - to[axis]!));
  const least = LEAST_DISTANCE * Math.max(1, greatest);
  if (distance >= least) return [];
  const found = `is ${distance} from the point that it looks at`;
  return [{ field, description: `${found}; expected at least ${least}, so that it has a direction` }];
}

function checkLighting(lighting: Lighting | undefined): FieldViolation[] {
  if (!lighting) return [];
  const { preset, hdrUri, strength } = lighting;
  const found = [
    ...oneOf('lighting.preset', preset, LightingPreset),
    ...within('lighting.strength', strength, 0.01, 100),
  ];
  const field = 'lighting.hdr_uri';
  const isHdr = preset === LightingPreset.LIGHTING_PRESET_HDR;
  if (hdrUri === '') {
    if (isHdr)
      found.push({ field, description: 'is empty; expected s3://bucket/key of an .hdr or .exr with preset HDR' });
    return found;
  }
  if (preset !== LightingPreset.LIGHTING_PRESET_UNSPECIFIED && !isHdr)
    found.push({ field, description: 'goes with preset HDR alone' });
  if (!HDR_SUFFIX.test(hdrUri)) found.push({ field, description: `'${hdrUri}' ends otherwise; expected .hdr or .exr` });
  return [...found, ...violationsOf(() => parseObjectUri(hdrUri, field))];
}

function checkEdges(edges: EdgeThresholds | undefined): FieldViolation[] {
  return [
    ...within('edges.crease_degrees', edges?.creaseDegrees, 1, 180),
    ...within('edges.depth_step', edges?.depthStep, 0.0001, 1),
  ];
}
