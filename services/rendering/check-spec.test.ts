import { describe, expect, test } from 'vitest';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { checkSpec } from './check-spec.ts';

type Change = Parameters<typeof RenderSpec.fromPartial>[0];

const ring = (count: number, elevationDegrees?: number): Change => ({
  views: {
    arrangement: { $case: 'ring', value: { count, ...(elevationDegrees === undefined ? {} : { elevationDegrees }) } },
  },
});
const hammersley = (count: number): Change => ({ views: { arrangement: { $case: 'hammersley', value: { count } } } });
const posed = (...xs: number[]): Change => ({
  views: { arrangement: { $case: 'posed', value: { poses: xs.map((x) => ({ position: { x, y: 0, z: 0 } })) } } },
});
const HDR = 's3://lights/studio.hdr';

describe('a spec', () => {
  test.each<[string, Change]>([
    ['that asks for nothing', {}],
    ['of the least image', { width: 16, height: 16, samples: 1 }],
    ['of the greatest image', { width: 4096, height: 4096, samples: 4096, seed: 2147483647 }],
    ['with the widest lens', { fieldOfViewDegrees: 120, framingMargin: 0.5 }],
    ['with the longest lens', { fieldOfViewDegrees: 5, framingMargin: 0 }],
    ['of 64 views', ring(64, -89)],
    ['of one view on a sphere', hammersley(1)],
    ['of 64 poses', posed(...Array.from({ length: 64 }, () => 1))],
    ['lit by an image', { lighting: { hdrUri: HDR, preset: 3, strength: 100 } }],
    ['lit by an image, whose preset goes without saying', { lighting: { hdrUri: 's3://lights/a.EXR' } }],
    ['of thresholds at their bounds', { edges: { creaseDegrees: 180, depthStep: 0.0001 } }],
  ])('%s is taken', (_, change) => {
    expect(checkSpec(RenderSpec.fromPartial(change))).toEqual([]);
  });

  test.each<[string, Change, string]>([
    ['too narrow', { width: 15 }, 'width'],
    ['too wide', { width: 4097 }, 'width'],
    ['of negative width', { width: -1 }, 'width'],
    ['too high', { height: 5000 }, 'height'],
    ['with too many samples', { samples: 4097 }, 'samples'],
    ['with negative samples', { samples: -1 }, 'samples'],
    ['with a negative seed', { seed: -1 }, 'seed'],
    ['of an unknown preset', { preset: 9 as 1 }, 'preset'],
    ['of an unknown denoiser', { denoising: 9 as 1 }, 'denoising'],
    ['of an unknown background', { background: 9 as 1 }, 'background'],
    ['in an unknown space', { normalSpace: 9 as 1 }, 'normal_space'],
    ['of an unknown convention', { normalConvention: 9 as 1 }, 'normal_convention'],
    ['of an unknown scale', { objectScale: 9 as 1 }, 'object_scale'],
    ['with no field of view', { fieldOfViewDegrees: 0 }, 'field_of_view_degrees'],
    ['with a field of view that is no number', { fieldOfViewDegrees: Number.NaN }, 'field_of_view_degrees'],
    ['with too great a margin', { framingMargin: 0.51 }, 'framing_margin'],
    ['of a ring without views', ring(0), 'views.ring.count'],
    ['of a ring of 65', ring(65), 'views.ring.count'],
    ['of a ring at the pole', ring(4, 90), 'views.ring.elevation_degrees'],
    ['of a sphere without views', hammersley(0), 'views.hammersley.count'],
    ['of no poses', posed(), 'views.posed.poses'],
    ['of 65 poses', posed(...Array.from({ length: 65 }, () => 1)), 'views.posed.poses'],
    ['of a pose that looks at itself', posed(1, 0), 'views.posed.poses[1]'],
    ['of a pose that is nowhere', posed(Number.POSITIVE_INFINITY), 'views.posed.poses[0]'],
    ['of an unknown light', { lighting: { preset: 9 as 1 } }, 'lighting.preset'],
    ['too dark', { lighting: { strength: 0 } }, 'lighting.strength'],
    ['of an HDR that is not named', { lighting: { preset: 3 } }, 'lighting.hdr_uri'],
    ['of an HDR in the studio', { lighting: { preset: 1, hdrUri: HDR } }, 'lighting.hdr_uri'],
    ['of an HDR that is a JPEG', { lighting: { hdrUri: 's3://lights/a.jpg' } }, 'lighting.hdr_uri'],
    ['of an HDR on a disk', { lighting: { hdrUri: '/a.hdr' } }, 'lighting.hdr_uri'],
    ['with no crease', { edges: { creaseDegrees: 0 } }, 'edges.crease_degrees'],
    ['with no step', { edges: { depthStep: 0 } }, 'edges.depth_step'],
    ['of an unnamed modality', { modalities: [1, 0] }, 'modalities[1]'],
    ['of an unknown raw output', { rawOutputs: [7 as 1] }, 'raw_outputs[0]'],
  ])('%s is refused by its field', (_, change, field) => {
    expect(checkSpec(RenderSpec.fromPartial(change)).map((violation) => violation.field)).toEqual([`spec.${field}`]);
  });

  test('with several mistakes is refused with all of them, and what was expected', () => {
    expect(checkSpec(RenderSpec.fromPartial({ width: 1, seed: -5 }))).toEqual([
      { field: 'spec.width', description: 'is 1; expected 16 to 4096 or 0 (the default)' },
      { field: 'spec.seed', description: 'is -5; expected 0 to 2147483647' },
    ]);
  });
});
