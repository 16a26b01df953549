import { describe, expect, test } from 'vitest';
import { Derivation, Rendering } from '../../gen/cyclorama/blender/v1/blender.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { changeSpec, graveShortfalls } from './second-try.ts';
import { resolveSpec } from './spec.ts';

const rendering = Rendering.fromPartial({ box: { min: { x: 0, y: -1, z: -1 }, max: { x: 0, y: 1, z: 1 } } });
const derivation = (...found: [reason: string, view: string][]): Derivation =>
  Derivation.fromPartial({
    shortfalls: found.map(([reason, view]) => ({ reason, view, message: `${view} is ${reason}` })),
  });
const front = resolveSpec(RenderSpec.fromPartial({}));
const ring = resolveSpec(RenderSpec.fromPartial({ views: { arrangement: { $case: 'ring', value: { count: 2 } } } }));

describe('the second try', () => {
  test('of a cropped object leaves more room around it', () => {
    const changed = changeSpec(front, rendering, derivation(['cropped', 'view_000']));
    expect(changed?.spec).toEqual({ ...front, framingMargin: expect.closeTo(0.23) });
    expect(changed?.warning).toMatch(/margin of 0\.23/);
  });

  test('of an object that shows nothing from the front is from the side, with all of it in the image', () => {
    const changed = changeSpec(front, rendering, derivation(['blank_render', 'view_000']));
    const arrangement = changed!.spec.views!.arrangement!;
    if (arrangement.$case !== 'posed') throw new Error('expected a pose');
    const { x, y, z } = arrangement.value.poses[0]!.position!;
    expect(Math.atan2(x, -y)).toBeCloseTo((35 * Math.PI) / 180);
    expect(Math.atan2(z, Math.hypot(x, y))).toBeCloseTo((40 * Math.PI) / 180);
    const halfAngle = Math.asin(Math.SQRT2 / Math.hypot(x, y, z));
    expect(halfAngle).toBeLessThan((front.fieldOfViewDegrees! * Math.PI) / 360);
    expect(changed?.warning).toMatch(/35 degrees to the side/);
  });

  test.each<[string, RenderSpec, Derivation]>([
    ['without a shortfall', front, derivation()],
    ['of a broken render', front, derivation(['invalid_render', 'view_000'])],
    ['with all the margin there is', { ...front, framingMargin: 0.5 }, derivation(['cropped', 'view_000'])],
    ['of a blank view of a ring', ring, derivation(['blank_render', 'view_001'])],
  ])('is not made %s', (_, spec, found) => {
    expect(changeSpec(spec, rendering, found)).toBeUndefined();
  });
});

describe('an asset fails', () => {
  test('for its one blank view', () => {
    expect(graveShortfalls(front, derivation(['blank_render', 'view_000']))).toHaveLength(1);
  });
  test('for two blank views of two', () => {
    expect(graveShortfalls(ring, derivation(['blank_render', 'view_000'], ['blank_render', 'view_001']))).toHaveLength(
      2,
    );
  });
  test('not for one blank view of two, a plane seen on edge', () => {
    const found = derivation(['cropped', 'view_000'], ['blank_render', 'view_001']);
    expect(graveShortfalls(ring, found).map(({ reason }) => reason)).toEqual(['cropped']);
  });
});
