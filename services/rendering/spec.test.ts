import { describe, expect, test } from 'vitest';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { resolveSpec, toSpecJson } from './spec.ts';

const spec = (json: object): RenderSpec => RenderSpec.fromJSON(json);

describe('the canonical text of a spec', () => {
  test.each<[string, object, object]>([
    ['nothing asked for', {}, {}],
    [
      'the defaults by name',
      {
        preset: 'RENDER_PRESET_STANDARD',
        width: 512,
        height: 512,
        samples: 16,
        denoising: 'DENOISING_FAST',
        views: { front: {} },
        framingMargin: 0.08,
        background: 'BACKGROUND_TRANSPARENT',
        lighting: { preset: 'LIGHTING_PRESET_STUDIO', strength: 1 },
        normalSpace: 'NORMAL_SPACE_CAMERA',
        normalConvention: 'NORMAL_CONVENTION_OPENGL',
        edges: { creaseDegrees: 35, depthStep: 0.01 },
        modalities: ['MODALITY_EDGE', 'MODALITY_TEXTURED', 'MODALITY_DEPTH', 'MODALITY_NORMAL'],
        objectScale: 'OBJECT_SCALE_METRIC',
      },
      {},
    ],
    ['a square', { width: 256, height: 256 }, { width: 256 }],
    ['a width alone', { width: 256 }, { width: 256 }],
    ['a height alone', { height: 256 }, { height: 256 }],
    [
      'a preset with its own samples',
      { preset: 'RENDER_PRESET_TRAINING', samples: 128 },
      { preset: 'RENDER_PRESET_TRAINING' },
    ],
    ['other samples', { preset: 'RENDER_PRESET_DRAFT', samples: 16 }, { preset: 'RENDER_PRESET_DRAFT', samples: 16 }],
    ['a margin of nothing', { framingMargin: 0 }, { framingMargin: 0 }],
    [
      'a ring at its usual height',
      { views: { ring: { count: 8, elevationDegrees: 20 } } },
      { views: { ring: { count: 8 } } },
    ],
    [
      'a level ring',
      { views: { ring: { count: 8, elevationDegrees: 0 } } },
      { views: { ring: { count: 8, elevationDegrees: 0 } } },
    ],
    ['a sphere', { views: { hammersley: { count: 3 } } }, { views: { hammersley: { count: 3 } } }],
    [
      'a pose that looks at the origin',
      { views: { posed: { poses: [{ position: { x: 1, y: 2, z: 3 } }] } } },
      { views: { posed: { poses: [{ position: { x: 1, y: 2, z: 3 }, lookAt: {} }] } } },
    ],
    [
      'an HDR',
      { lighting: { preset: 'LIGHTING_PRESET_HDR', hdrUri: 's3://b/a.hdr', hdrEtag: 'e' } },
      { lighting: { hdrUri: 's3://b/a.hdr', hdrEtag: 'e' } },
    ],
    ['a dimmer studio', { lighting: { strength: 0.5 } }, { lighting: { strength: 0.5 } }],
    ['one threshold', { edges: { creaseDegrees: 45 } }, { edges: { creaseDegrees: 45 } }],
    [
      'axes of world normals, which have no choice',
      { normalSpace: 'NORMAL_SPACE_WORLD', normalConvention: 'NORMAL_CONVENTION_OPENCV' },
      { normalSpace: 'NORMAL_SPACE_WORLD' },
    ],
    [
      'modalities twice and in disorder',
      { modalities: ['MODALITY_EDGE', 'MODALITY_DEPTH', 'MODALITY_EDGE'] },
      { modalities: ['MODALITY_DEPTH', 'MODALITY_EDGE'] },
    ],
    [
      'raw outputs in disorder',
      { rawOutputs: ['RAW_OUTPUT_NORMAL_EXR', 'RAW_OUTPUT_DEPTH_EXR'] },
      { rawOutputs: ['RAW_OUTPUT_DEPTH_EXR', 'RAW_OUTPUT_NORMAL_EXR'] },
    ],
  ])('of %s', (_, asked, text) => {
    expect(toSpecJson(spec(asked))).toEqual(text);
    // What is stored gives the same images.
    const { normalConvention: _axes, ...stored } = resolveSpec(spec(text));
    const { normalConvention: _other, ...wanted } = resolveSpec(spec(asked));
    expect(stored).toEqual(wanted);
  });
});

test('a resolved spec has every field set, and no field is left out on the way to Blender', () => {
  const json = RenderSpec.toJSON(
    resolveSpec(spec({ framingMargin: 0, views: { ring: { count: 2, elevationDegrees: 0 } } })),
  );
  expect(json).toEqual({
    preset: 'RENDER_PRESET_STANDARD',
    width: 512,
    height: 512,
    samples: 16,
    denoising: 'DENOISING_FAST',
    views: { ring: { count: 2, elevationDegrees: 0 } },
    fieldOfViewDegrees: expect.closeTo(39.5978, 4),
    framingMargin: 0,
    background: 'BACKGROUND_TRANSPARENT',
    lighting: { preset: 'LIGHTING_PRESET_STUDIO', strength: 1 },
    normalSpace: 'NORMAL_SPACE_CAMERA',
    normalConvention: 'NORMAL_CONVENTION_OPENGL',
    edges: { creaseDegrees: 35, depthStep: 0.01 },
    modalities: ['MODALITY_TEXTURED', 'MODALITY_NORMAL', 'MODALITY_DEPTH', 'MODALITY_EDGE'],
    objectScale: 'OBJECT_SCALE_METRIC',
  });
});
