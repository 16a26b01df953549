import { InvalidArgumentError } from 'commander';
import {
  Background,
  Denoising,
  type Lighting,
  LightingPreset,
  Modality,
  NormalConvention,
  NormalSpace,
  ObjectScale,
  RawOutput,
  RenderPreset,
  RenderSpec,
  type Views,
} from '../../gen/cyclorama/rendering/v1/spec.ts';
import { countViews } from '../../services/images/views.ts';

export const PRESETS = {
  draft: RenderPreset.RENDER_PRESET_DRAFT,
  standard: RenderPreset.RENDER_PRESET_STANDARD,
  training: RenderPreset.RENDER_PRESET_TRAINING,
} as const;
export const DENOISING = {
  off: Denoising.DENOISING_OFF,
  fast: Denoising.DENOISING_FAST,
  high: Denoising.DENOISING_HIGH,
  accurate: Denoising.DENOISING_ACCURATE,
} as const;
export const BACKGROUNDS = {
  transparent: Background.BACKGROUND_TRANSPARENT,
  white: Background.BACKGROUND_WHITE,
} as const;
export const NORMALS = {
  camera: { normalSpace: NormalSpace.NORMAL_SPACE_CAMERA, normalConvention: NormalConvention.NORMAL_CONVENTION_OPENGL },
  'camera-opencv': {
    normalSpace: NormalSpace.NORMAL_SPACE_CAMERA,
    normalConvention: NormalConvention.NORMAL_CONVENTION_OPENCV,
  },
  world: { normalSpace: NormalSpace.NORMAL_SPACE_WORLD },
} as const;
export const SCALES = {
  metric: ObjectScale.OBJECT_SCALE_METRIC,
  unit: ObjectScale.OBJECT_SCALE_UNIT,
} as const;
const LIGHTS = {
  studio: LightingPreset.LIGHTING_PRESET_STUDIO,
  uniform: LightingPreset.LIGHTING_PRESET_UNIFORM,
} as const;
const MODALITIES = {
  textured: Modality.MODALITY_TEXTURED,
  normal: Modality.MODALITY_NORMAL,
  depth: Modality.MODALITY_DEPTH,
  edge: Modality.MODALITY_EDGE,
} as const;
const RAW = {
  'depth-exr': RawOutput.RAW_OUTPUT_DEPTH_EXR,
  'depth-png16': RawOutput.RAW_OUTPUT_DEPTH_PNG16,
  'normal-exr': RawOutput.RAW_OUTPUT_NORMAL_EXR,
} as const;

/** Image options of the command line; the service has a default for each that is left out. */
export interface SpecOptions {
  preset?: keyof typeof PRESETS;
  size?: { width: number; height: number };
  samples?: number;
  denoise?: keyof typeof DENOISING;
  seed?: number;
  views?: Views;
  fieldOfView?: number;
  margin?: number;
  background?: keyof typeof BACKGROUNDS;
  lighting?: Pick<Lighting, 'preset' | 'hdrUri'>;
  lightStrength?: number;
  normals?: keyof typeof NORMALS;
  creaseDegrees?: number;
  depthStep?: number;
  modalities?: Modality[];
  raw?: RawOutput[];
  scale?: keyof typeof SCALES;
}

/** Makes a spec of the options; the service checks the bounds. */
export function toRenderSpec(options: SpecOptions): RenderSpec {
  const { preset, size, denoise, background, lighting, lightStrength, normals, scale } = options;
  const { creaseDegrees, depthStep, fieldOfView, margin, views } = options;
  const hasLight = lighting !== undefined || lightStrength !== undefined;
  const hasEdges = creaseDegrees !== undefined || depthStep !== undefined;
  return {
    ...RenderSpec.fromJSON({}),
    ...(preset === undefined ? {} : { preset: PRESETS[preset] }),
    ...size,
    samples: options.samples ?? 0,
    ...(denoise === undefined ? {} : { denoising: DENOISING[denoise] }),
    seed: options.seed ?? 0,
    ...(views === undefined ? {} : { views }),
    ...(fieldOfView === undefined ? {} : { fieldOfViewDegrees: fieldOfView }),
    ...(margin === undefined ? {} : { framingMargin: margin }),
    ...(background === undefined ? {} : { background: BACKGROUNDS[background] }),
    ...(hasLight ? { lighting: toLighting(lighting, lightStrength) } : {}),
    ...(normals === undefined ? {} : NORMALS[normals]),
    ...(hasEdges ? { edges: { ...some({ creaseDegrees }), ...some({ depthStep }) } } : {}),
    modalities: options.modalities ?? [],
    rawOutputs: options.raw ?? [],
    ...(scale === undefined ? {} : { objectScale: SCALES[scale] }),
  };
}

/** Counts the PNG images of each asset, raw depth included. */
export function countImages(spec: Pick<RenderSpec, 'views' | 'modalities' | 'rawOutputs'>): number {
  const modalities = spec.modalities.length === 0 ? Object.keys(MODALITIES).length : new Set(spec.modalities).size;
  const raw = spec.rawOutputs.includes(RawOutput.RAW_OUTPUT_DEPTH_PNG16) ? 1 : 0;
  return countViews(spec) * (modalities + raw);
}

/** Reads `640x480`, or one number for both sides. */
export function parseSize(text: string): { width: number; height: number } {
  const [, width, height = width] = /^(\d{1,5})(?:x(\d{1,5}))?$/i.exec(text) ?? [];
  if (width === undefined) throw new InvalidArgumentError('Expected WIDTHxHEIGHT, such as 640x480, or one number.');
  return { width: Number(width), height: Number(height) };
}

/** Reads `front`, `ring:8`, `ring:8@30` or `sphere:16`. */
export function parseViews(text: string): Views {
  if (text === 'front') return { arrangement: { $case: 'front', value: {} } };
  const [, count, elevation] = /^ring:(\d{1,4})(?:@(-?\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  if (count !== undefined) {
    const angle = elevation === undefined ? {} : { elevationDegrees: Number(elevation) };
    return { arrangement: { $case: 'ring', value: { count: Number(count), ...angle } } };
  }
  const [, points] = /^sphere:(\d{1,4})$/.exec(text) ?? [];
  if (points !== undefined) return { arrangement: { $case: 'hammersley', value: { count: Number(points) } } };
  throw new InvalidArgumentError('Expected front, ring:COUNT, ring:COUNT@ELEVATION or sphere:COUNT.');
}

/** Reads `studio`, `uniform` or the URI of an environment image. */
export function parseLighting(text: string): Pick<Lighting, 'preset' | 'hdrUri'> {
  if (text.startsWith('s3://')) return { preset: LightingPreset.LIGHTING_PRESET_HDR, hdrUri: text };
  const preset = LIGHTS[text as keyof typeof LIGHTS];
  if (preset === undefined)
    throw new InvalidArgumentError('Expected studio, uniform, or s3://bucket/key of an .hdr or .exr.');
  return { preset, hdrUri: '' };
}

/** Reads names of modalities, separated by commas. */
export function parseModalities(text: string): Modality[] {
  return readWords(text, MODALITIES);
}

/** Reads names of raw files, separated by commas. */
export function parseRaw(text: string): RawOutput[] {
  return readWords(text, RAW);
}

function readWords<Value>(text: string, known: Record<string, Value>): Value[] {
  return text.split(',').map((word) => {
    if (!Object.hasOwn(known, word.trim()))
      throw new InvalidArgumentError(`Allowed, separated by commas: ${Object.keys(known).join(', ')}.`);
    return known[word.trim()]!;
  });
}

function toLighting(lighting: SpecOptions['lighting'], strength: number | undefined): Lighting {
  const unspecified = { preset: LightingPreset.LIGHTING_PRESET_UNSPECIFIED, hdrUri: '' };
  return { ...unspecified, ...lighting, hdrEtag: '', ...some({ strength }) };
}

function some<Fields extends Record<string, unknown>>(
  fields: Fields,
): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
