import { describe, expect, test } from 'vitest';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { countImages, parseLighting, parseModalities, parseRaw, parseSize, parseViews, toRenderSpec } from './spec.ts';

const json = (options: Parameters<typeof toRenderSpec>[0]): unknown => RenderSpec.toJSON(toRenderSpec(options));

test('a command line that says nothing asks for the defaults of the service', () => {
  expect(json({})).toEqual({});
});

test.each([
  [{ preset: 'draft' as const }, { preset: 'RENDER_PRESET_DRAFT' }],
  [{ size: parseSize('640x480') }, { width: 640, height: 480 }],
  [{ size: parseSize('256') }, { width: 256, height: 256 }],
  [{ views: parseViews('ring:8') }, { views: { ring: { count: 8 } } }],
  [{ views: parseViews('ring:8@-30.5') }, { views: { ring: { count: 8, elevationDegrees: -30.5 } } }],
  [{ views: parseViews('sphere:16') }, { views: { hammersley: { count: 16 } } }],
  [{ views: parseViews('front') }, { views: { front: {} } }],
  [{ lighting: parseLighting('uniform') }, { lighting: { preset: 'LIGHTING_PRESET_UNIFORM' } }],
  [
    { lighting: parseLighting('s3://b/sky.hdr') },
    { lighting: { preset: 'LIGHTING_PRESET_HDR', hdrUri: 's3://b/sky.hdr' } },
  ],
  [{ lightStrength: 2 }, { lighting: { strength: 2 } }],
  [{ normals: 'world' as const }, { normalSpace: 'NORMAL_SPACE_WORLD' }],
  [{ depthStep: 0.02 }, { edges: { depthStep: 0.02 } }],
  [{ margin: 0 }, { framingMargin: 0 }],
  [{ modalities: parseModalities('depth, edge') }, { modalities: ['MODALITY_DEPTH', 'MODALITY_EDGE'] }],
  [{ raw: parseRaw('depth-exr') }, { rawOutputs: ['RAW_OUTPUT_DEPTH_EXR'] }],
])('%j is the spec %j', (options, expected) => {
  expect(json(options)).toEqual(expected);
});

describe('what is no value', () => {
  test.each([
    ['640*480', parseSize],
    ['ring', parseViews],
    ['ring:8@', parseViews],
    ['sphere:x', parseViews],
    ['moon', parseLighting],
    ['toString', parseModalities],
    ['depth,', parseModalities],
    ['exr', parseRaw],
  ])('%s is refused', (text, parse) => {
    expect(() => parse(text)).toThrow(/Expected|Allowed/);
  });
});

test.each([
  [{}, 4],
  [{ views: parseViews('ring:8') }, 32],
  [{ modalities: parseModalities('depth,depth') }, 1],
  [{ views: parseViews('sphere:3'), raw: parseRaw('depth-png16,depth-exr') }, 15],
])('%j gives %d images an asset', (options, expected) => {
  expect(countImages(toRenderSpec(options))).toBe(expected);
});
