import {
  Background,
  LightingPreset,
  type LookAt,
  Modality,
  NormalConvention,
  NormalSpace,
  ObjectScale,
  RenderPreset,
  RenderSpec,
  type Views,
} from '../../gen/cyclorama/rendering/v1/spec.ts';
import { qualityOf } from '../images/presets.ts';

/** A lens of 50 mm on a sensor 36 mm wide, degrees. */
const DEFAULT_FIELD_OF_VIEW = 2 * Math.atan(18 / 50) * (180 / Math.PI);
export const SIDE = 512;
const MARGIN = 0.08;
const STRENGTH = 1;
const CREASE_DEGREES = 35;
const DEPTH_STEP = 0.01;
const RING_ELEVATION = 20;
const ORIGIN = { x: 0, y: 0, z: 0 };

/** In the order in which people name them. */
const ALL_MODALITIES: readonly Modality[] = [
  Modality.MODALITY_TEXTURED,
  Modality.MODALITY_NORMAL,
  Modality.MODALITY_DEPTH,
  Modality.MODALITY_EDGE,
];

/** A spec with every field set, as the processes that render want it. */
export function resolveSpec(spec: RenderSpec): RenderSpec {
  const preset = spec.preset || RenderPreset.RENDER_PRESET_STANDARD;
  const quality = qualityOf(preset);
  const width = spec.width || SIDE;
  const { hdrUri = '', hdrEtag = '', preset: light, strength } = spec.lighting ?? {};
  const fallback = hdrUri === '' ? LightingPreset.LIGHTING_PRESET_STUDIO : LightingPreset.LIGHTING_PRESET_HDR;
  return {
    preset,
    width,
    height: spec.height || width,
    samples: spec.samples || quality.samples,
    denoising: spec.denoising || quality.denoising,
    seed: spec.seed,
    views: { arrangement: resolveArrangement(spec.views) },
    fieldOfViewDegrees: spec.fieldOfViewDegrees ?? DEFAULT_FIELD_OF_VIEW,
    framingMargin: spec.framingMargin ?? MARGIN,
    background: spec.background || Background.BACKGROUND_TRANSPARENT,
    lighting: { preset: light || fallback, hdrUri, strength: strength ?? STRENGTH, hdrEtag },
    normalSpace: spec.normalSpace || NormalSpace.NORMAL_SPACE_CAMERA,
    normalConvention: spec.normalConvention || NormalConvention.NORMAL_CONVENTION_OPENGL,
    edges: {
      creaseDegrees: spec.edges?.creaseDegrees ?? CREASE_DEGREES,
      depthStep: spec.edges?.depthStep ?? DEPTH_STEP,
    },
    modalities: spec.modalities.length === 0 ? [...ALL_MODALITIES] : ordered(spec.modalities),
    rawOutputs: ordered(spec.rawOutputs),
    objectScale: spec.objectScale || ObjectScale.OBJECT_SCALE_METRIC,
  };
}

type Arrangement = NonNullable<Views['arrangement']>;

function resolveArrangement(views: Views | undefined): Arrangement {
  const arrangement = views?.arrangement;
  if (arrangement?.$case === 'ring') {
    const { count, elevationDegrees = RING_ELEVATION } = arrangement.value;
    return { $case: 'ring', value: { count, elevationDegrees } };
  }
  if (arrangement?.$case === 'posed') {
    const poses = arrangement.value.poses.map(
      ({ position, lookAt }): LookAt => ({
        position: position ?? ORIGIN,
        lookAt: lookAt ?? ORIGIN,
      }),
    );
    return { $case: 'posed', value: { poses } };
  }
  return arrangement ?? { $case: 'front', value: {} };
}

type Json = { [field: string]: unknown };

/** The spec as protobuf JSON with fields at their default left out, so that two requests for the same images give the same text. */
export function toSpecJson(spec: RenderSpec): Json {
  const full = resolveSpec(spec);
  const { preset, width, normalSpace, normalConvention, views } = full;
  const { hdrUri } = full.lighting!;
  const usual = resolveSpec(RenderSpec.fromPartial({ preset, width, lighting: { hdrUri } }));
  const isWorld = normalSpace === NormalSpace.NORMAL_SPACE_WORLD;
  const isRing = views?.arrangement?.$case === 'ring';
  return difference(RenderSpec.toJSON(full) as Json, {
    ...(RenderSpec.toJSON({
      ...usual,
      preset: RenderPreset.RENDER_PRESET_STANDARD,
      width: SIDE,
      lighting: { ...usual.lighting!, hdrUri: '' },
      // World normals are in Blender's axes whatever the convention.
      normalConvention: isWorld ? normalConvention : usual.normalConvention,
    }) as Json),
    views: isRing ? { ring: { elevationDegrees: RING_ELEVATION } } : { front: {} },
  });
}

/** What of some JSON is not the same in another. */
function difference(json: Json, other: Json): Json {
  const left = Object.entries(json).flatMap(([name, value]): [string, unknown][] => {
    const before = other[name];
    if (!isObject(value) || !isObject(before))
      return JSON.stringify(value) === JSON.stringify(before) ? [] : [[name, value]];
    const inner = difference(value, before);
    return Object.keys(inner).length === 0 ? [] : [[name, inner]];
  });
  return Object.fromEntries(left);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ordered<T extends number>(values: readonly T[]): T[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
