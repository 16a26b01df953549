import { describe, expect, test } from 'vitest';
import { thrownBy } from '../../../test/support/thrown-by.ts';
import { parseFilter } from './filter.ts';
import { createRowFilter, matchesFilter } from './filter-match.ts';

const ROW = {
  name: 'chair.glb',
  outcome: 'succeeded',
  reason: null,
  end_time: '2026-03-01T10:00:00.000Z',
  stats: {
    faces: 1200,
    ratio: -0.5,
    watertight: true,
    animations: ['walk', 'run'],
    shape_keys: [],
    armatures: 0,
    materials: [
      { name: 'dark wood', textured: true },
      { name: 'glass', textured: false },
    ],
    extras: { licence: 'CC0' },
  },
};

const passes = (filter: string): boolean => matchesFilter(parseFilter(filter, 'filter'), ROW);

describe('a row', () => {
  test.each([
    ['stats.faces = 1200', true],
    ['stats.faces=1200', true],
    ['stats.faces != 1200', false],
    ['stats.faces < 1200', false],
    ['stats.faces <= 1.2e3', true],
    ['stats.faces > 1199', true],
    ['stats.faces >= 1201', false],
    ['stats.ratio < -.4', true],
    ['stats.faces = "1200"', false],
    ['name = chair.glb', true],
    ["name = 'chair.glb'", true],
    ['name = "*.glb"', true],
    ['name = *.glb', true],
    ['name = chair*', true],
    ['name = *air*', true],
    ['name = "chair\\*"', false],
    ['name != *.obj', true],
    ['name : air', true],
    ['name < d', true],
    ['end_time >= "2026-01-01"', true],
    ['stats.watertight = true', true],
    ['stats.watertight = false', false],
    ['stats.animations:walk', true],
    ['stats.animations:wal', false],
    ['stats.animations:wal*', true],
    ['stats.animations = run', true],
    ['stats.animations != run', false],
    ['stats.animations != jump', true],
    ['stats.animations:*', true],
    ['stats.shape_keys:*', false],
    ['stats.armatures:*', false],
    ['stats.lights:*', false],
    ['reason:*', false],
    ['reason = no_geometry', false],
    ['reason != no_geometry', false],
    ['NOT reason != no_geometry', true],
    ['stats.materials.name = glass', true],
    ['stats.materials.name : wood', true],
    ['stats.materials.textured = false', true],
    ['stats.extras:licence', true],
    ['stats.extras:author', false],
    ['stats.faces < 200000 AND NOT stats.animations:*', false],
    ['stats.faces < 200000 AND NOT stats.shape_keys:* AND outcome = succeeded', true],
    ['stats.faces > 200000 OR stats.watertight = true', true],
    ['(stats.faces > 200000 OR stats.watertight = true) AND name = *.obj', false],
    ['NOT (stats.faces > 200000 OR name = *.obj)', true],
  ])('under %s: %s', (filter, expected) => {
    expect(passes(filter)).toBe(expected);
  });
});

describe('a filter is refused with place and expectation', () => {
  test.each([
    ['', 'at character 1: found the end; expected a field'],
    ['stats.faces', 'at character 12: found the end; expected one of ='],
    ['stats.faces <', 'at character 14: found the end; expected a number'],
    ['stats.faces < 5 stats.quads > 1', "at character 17: found 'stats.quads'; expected AND, OR or the end"],
    ['a = 1 and b = 2', "at character 7: found 'and'; expected AND, OR or the end"],
    ['a = 1 AND b = 2 OR c = 3', "at character 17: found 'OR'; expected parentheses"],
    ['a = 1 OR b = 2 AND c = 3', "at character 16: found 'AND'; expected parentheses"],
    ['(a = 1', 'at character 7: found the end; expected AND, OR or a closing parenthesis'],
    ['a = 1)', "at character 6: found ')'; expected AND, OR or the end"],
    ['a..b = 1', "at character 1: found 'a..b'; expected a field"],
    ['5 = a', "at character 1: found '5'; expected a field"],
    ['a == 1', "at character 4: found '='; expected a number"],
    ['a = *', "at character 5: found '*'; expected a value after =; only : takes *"],
    ['a < b*', "at character 5: found 'b*'; expected text without *"],
    ['a < true', "at character 5: found 'true'; expected a number or text after <"],
    ['a = "open', `at character 5: found '"open'; expected a field, a value`],
    ['a = b; drop', "at character 6: found '; drop'; expected a field, a value"],
    ['NOT', 'at character 4: found the end; expected a field'],
    [`${'('.repeat(60)}a = 1`, 'expected at most 50 parentheses'],
    ['x'.repeat(10_001), 'has 10001 characters; expected at most 10000'],
  ])('%j', (filter, message) => {
    const error = thrownBy(() => parseFilter(filter, 'source.manifest.filter')) as Error;
    expect(error).toMatchObject({ reason: 'invalid_request' });
    expect(error.message).toContain('source.manifest.filter: ');
    expect(error.message).toContain(message);
  });
});

test('a compared field that no row has is noticed, one that is only asked for with : is not', () => {
  const filter = createRowFilter(parseFilter('stats.facse < 5 AND NOT stats.animatoins:* AND reason != x', 'filter'));
  expect(filter.lacking()).toEqual([]);
  filter.matches(ROW);
  expect(filter.lacking()).toEqual(["the field 'stats.facse' that the filter compares"]);
});

test('where every asset failed, no field is called unknown', () => {
  const filter = createRowFilter(parseFilter('stats.faces < 5', 'filter'));
  expect(filter.matches({ outcome: 'failed', stats: null })).toBe(false);
  expect(filter.lacking()).toEqual([]);
});

test.each([
  ['stats.faces < 200k', "text in 'stats.faces', to compare with '200k'"],
  ['name = 12 OR outcome = failed', "a number in 'name', to compare with 12"],
  ['NOT stats.watertight = 1', "a number in 'stats.watertight', to compare with 1"],
  ['stats.faces = true', "true or false in 'stats.faces', to compare with true"],
  ['stats.materials.textured = yes*', "text in 'stats.materials.textured', to compare with 'yes*'"],
  ['stats.extras < 3', "a number in 'stats.extras', to compare with 3"],
])('%j is noticed: no row has a value of that kind', (text, lacking) => {
  const filter = createRowFilter(parseFilter(text, 'filter'));
  filter.matches(ROW);
  expect(filter.lacking()).toEqual([lacking]);
});

test.each(['reason = no_geometry', 'stats.shape_keys = smile', 'stats.animations != run', 'stats.faces < 5'])(
  '%j may be compared: the field is empty, or some row has a value of that kind',
  (text) => {
    const filter = createRowFilter(parseFilter(text, 'filter'));
    for (const faces of ['many', 1200]) filter.matches({ ...ROW, stats: { ...ROW.stats, faces } });
    expect(filter.lacking()).toEqual([]);
  },
);
