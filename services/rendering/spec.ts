import {
  LightingPreset,
  type LookAt,
  NormalSpace,
  RenderSpec,
  type Views,
} from '../../gen/cyclorama/rendering/v1/spec.ts';
import { DEFAULTS } from '../images/defaults.ts';
import { qualityOf } from '../images/presets.ts';

const ORIGIN = { x: 0, y: 0, z: 0 };

/** Fills in every field of a spec with its default, as the processes that render need it. */
export function resolveSpec(spec: RenderSpec): RenderSpec {
  const preset = spec.preset || DEFAULTS.preset;
  const quality = qualityOf(preset);
  const width = spec.width || DEFAULTS.width;
  const { hdrUri = '', hdrEtag = '', preset: light, strength } = spec.lighting ?? {};
  const fallback = hdrUri === '' ? DEFAULTS.lightingPreset : LightingPreset.LIGHTING_PRESET_HDR;
  return {
    preset,
    width,
    height: spec.height || width,
    samples: spec.samples || quality.samples,
    denoising: spec.denoising || quality.denoising,
    seed: spec.seed,
    views: { arrangement: resolveArrangement(spec.views) },
    fieldOfViewDegrees: spec.fieldOfViewDegrees ?? DEFAULTS.fieldOfViewDegrees,
    framingMargin: spec.framingMargin ?? DEFAULTS.framingMargin,
    background: spec.background || DEFAULTS.background,
    lighting: { preset: light || fallback, hdrUri, strength: strength ?? DEFAULTS.lightStrength, hdrEtag },
    normalSpace: spec.normalSpace || DEFAULTS.normalSpace,
    normalConvention: spec.normalConvention || DEFAULTS.normalConvention,
    edges: {
      creaseDegrees: spec.edges?.creaseDegrees ?? DEFAULTS.creaseDegrees,
      depthStep: spec.edges?.depthStep ?? DEFAULTS.depthStep,
    },
    modalities: spec.modalities.length === 0 ? [...DEFAULTS.modalities] : ordered(spec.modalities),
    rawOutputs: ordered(spec.rawOutputs),
    objectScale: spec.objectScale || DEFAULTS.objectScale,
  };
}

type Arrangement = NonNullable<Views['arrangement']>;

function resolveArrangement(views: Views | undefined): Arrangement {
  const arrangement = views?.arrangement;
  if (arrangement?.$case === 'ring') {
    const { count, elevationDegrees = DEFAULTS.ringElevationDegrees } = arrangement.value;
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

/**
 * Writes a spec as protobuf JSON without fields that have their default value.
 * Two requests for the same images thus give the same text.
 */
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
      preset: DEFAULTS.preset,
      width: DEFAULTS.width,
      lighting: { ...usual.lighting!, hdrUri: '' },
      // World normals are in Blender's axes whatever the convention.
      normalConvention: isWorld ? normalConvention : usual.normalConvention,
    }) as Json),
    views: isRing ? { ring: { elevationDegrees: DEFAULTS.ringElevationDegrees } } : { front: {} },
  });
}

/** Returns the fields of a JSON object that differ from those of another. */
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
