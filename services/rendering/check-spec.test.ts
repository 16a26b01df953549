import { describe, expect, test } from 'vitest';
import { Lighting, RenderSpec, type Views } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { checkSpec } from './check-spec.ts';

type Change = Partial<RenderSpec>;

const seen = (arrangement: NonNullable<Views['arrangement']>): Change => ({ views: { arrangement } });
const ring = (count: number, elevationDegrees?: number): Change =>
  seen({ $case: 'ring', value: { count, elevationDegrees } });
const hammersley = (count: number): Change => seen({ $case: 'hammersley', value: { count } });
const posed = (...xs: number[]): Change => {
  const poses = xs.map((x) => ({ position: { x, y: 0, z: 0 }, lookAt: undefined }));
  return seen({ $case: 'posed', value: { poses } });
};
const aimed = (from: [number, number, number], to: [number, number, number]): Change => {
  const [position, lookAt] = [from, to].map(([x, y, z]) => ({ x, y, z }));
  return seen({ $case: 'posed', value: { poses: [{ position, lookAt }] } });
};
const lit = (change: Partial<Lighting>): Change => ({ lighting: { ...Lighting.fromPartial({}), ...change } });
const edged = (creaseDegrees?: number, depthStep?: number): Change => ({ edges: { creaseDegrees, depthStep } });
const specOf = (change: Change): RenderSpec => ({ ...RenderSpec.fromPartial({}), ...change });
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
    ['of 16 of the largest images', { ...ring(16), width: 4096 }],
    ['of 64 poses', posed(...Array.from({ length: 64 }, () => 1))],
    ['of a pose far away and one nearby', aimed([1e9, 0, 0], [1e9, 2000, 0])],
    ['of a pose near what it looks at', posed(1e-5)],
    ['lit by an image', lit({ hdrUri: HDR, preset: 3, strength: 100 })],
    ['lit by an image, whose preset goes without saying', lit({ hdrUri: 's3://lights/a.EXR' })],
    ['of thresholds at their bounds', edged(180, 0.0001)],
  ])('%s is taken', (_, change) => {
    expect(checkSpec(specOf(change))).toEqual([]);
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
    ['of more pixels than a worker holds', { ...ring(17), width: 4096 }, 'views'],
    ['of no poses', posed(), 'views.posed.poses'],
    ['of 65 poses', posed(...Array.from({ length: 65 }, () => 1)), 'views.posed.poses'],
    ['of a pose that looks at itself', posed(1, 0), 'views.posed.poses[1]'],
    ['of a pose a hair away from what it looks at', posed(1, 1e-7), 'views.posed.poses[1]'],
    ['of a pose so near that its square is nothing', posed(1e-200), 'views.posed.poses[0]'],
    ['of a pose far away, where a hair is nothing', aimed([1e8, 0, 0], [1e8 + 1, 0, 0]), 'views.posed.poses[0]'],
    ['of a pose that is no number', posed(Number.NaN), 'views.posed.poses[0]'],
    ['of a pose on another planet', posed(1.1e9), 'views.posed.poses[0]'],
    ['of a pose that looks at what is nowhere', aimed([1, 0, 0], [0, Number.NaN, 0]), 'views.posed.poses[0]'],
    ['of a pose that is nowhere', posed(Number.POSITIVE_INFINITY), 'views.posed.poses[0]'],
    ['of an unknown light', lit({ preset: 9 as 1 }), 'lighting.preset'],
    ['too dark', lit({ strength: 0 }), 'lighting.strength'],
    ['of an HDR that is not named', lit({ preset: 3 }), 'lighting.hdr_uri'],
    ['of an HDR in the studio', lit({ preset: 1, hdrUri: HDR }), 'lighting.hdr_uri'],
    ['of an HDR that is a JPEG', lit({ hdrUri: 's3://lights/a.jpg' }), 'lighting.hdr_uri'],
    ['of an HDR on a disk', lit({ hdrUri: '/a.hdr' }), 'lighting.hdr_uri'],
    ['with no crease', edged(0), 'edges.crease_degrees'],
    ['with no step', edged(30, 0), 'edges.depth_step'],
    ['of an unnamed modality', { modalities: [1, 0] }, 'modalities[1]'],
    ['of an unknown raw output', { rawOutputs: [7 as 1] }, 'raw_outputs[0]'],
  ])('%s is refused by its field', (_, change, field) => {
    expect(checkSpec(specOf(change)).map((violation) => violation.field)).toEqual([`spec.${field}`]);
  });

  test('with several mistakes is refused with all of them, and what was expected', () => {
    expect(checkSpec(specOf({ width: 1, seed: -5 }))).toEqual([
      { field: 'spec.width', description: 'is 1; expected 16 to 4096 or 0 (the default)' },
      { field: 'spec.seed', description: 'is -5; expected 0 to 2147483647' },
    ]);
  });
});
