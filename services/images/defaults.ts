import {
  Background,
  LightingPreset,
  Modality,
  NormalConvention,
  NormalSpace,
  ObjectScale,
  RenderPreset,
} from '../../gen/cyclorama/rendering/v1/spec.ts';

/** Focal length of the default lens and width of its sensor, millimetres. */
export const LENS_MM = 50;
const SENSOR_WIDTH_MM = 36;

/** Fewest and most pixels of an image's side. */
export const SIDE_BOUNDS = { least: 16, most: 4096 } as const;

/** Settings for fields that a spec leaves out; `render_spec.py` has the same, and a contract test compares. */
export const DEFAULTS = {
  preset: RenderPreset.RENDER_PRESET_STANDARD,
  /** Width, pixels; the default height is the width. */
  width: 512,
  /** Horizontal angle, degrees. */
  fieldOfViewDegrees: 2 * Math.atan(SENSOR_WIDTH_MM / 2 / LENS_MM) * (180 / Math.PI),
  /** Border that framing leaves free around the object, as a share of half the image. */
  framingMargin: 0.08,
  background: Background.BACKGROUND_TRANSPARENT,
  lightingPreset: LightingPreset.LIGHTING_PRESET_STUDIO,
  /** Factor on all light. */
  lightStrength: 1,
  normalSpace: NormalSpace.NORMAL_SPACE_CAMERA,
  normalConvention: NormalConvention.NORMAL_CONVENTION_OPENGL,
  /** Angle between two faces from which their crease is an edge. */
  creaseDegrees: 35,
  /** Step between two pixels from which there is an edge, as a share of the depth. */
  depthStep: 0.01,
  /** Height of a ring's cameras above the horizon, degrees. */
  ringElevationDegrees: 20,
  /** In the order in which people name them. */
  modalities: [
    Modality.MODALITY_TEXTURED,
    Modality.MODALITY_NORMAL,
    Modality.MODALITY_DEPTH,
    Modality.MODALITY_EDGE,
  ] as readonly Modality[],
  objectScale: ObjectScale.OBJECT_SCALE_METRIC,
} as const;
