import { describe, expect, test } from 'vitest';
import { parseQuery, type SheetTable, selectRows } from './query.js';

const FIGURES = [{ title: 'Seconds' }, { title: 'Size' }, { title: 'Least coverage' }];
const TABLE: SheetTable = {
  names: ['chairs/a.glb', 'chairs/b & c.glb', 'tables/Broken.glb', 'tables/d.glb'],
  outcomes: ['succeeded', 'succeeded', 'failed', 'skipped'],
  reasons: ['', '', 'blank_render', 'too_old'],
  warned: [false, true, false, false],
  figures: [
    [1, 3, 2, 2],
    [1000, 2_000_000, 10, 5],
    [0.05, 0.5, null, null],
  ],
};

function passing(text: string): number[] {
  const { test, problems } = parseQuery(text, FIGURES);
  expect(problems).toEqual([]);
  return selectRows(TABLE, TABLE.names.length, test, { by: -1, descending: false });
}

test.each([
  ['', [0, 1, 2, 3]],
  ['chairs', [0, 1]],
  ['BROKEN', [2]],
  ['blank', [2]],
  ['-chairs', [2, 3]],
  ['"b & c"', [1]],
  ['-"b & c" chairs', [0]],
  ['reason:blank', [2]],
  ['outcome:failed', [2]],
  ['name:tables -reason:blank', [3]],
  ['is:warned', [1]],
  ['seconds>1', [1, 2, 3]],
  ['seconds>=3', [1]],
  ['seconds=2 size<10', [3]],
  ['size>1.5MB', [1]],
  ['least-coverage<10%', [0]],
  ['least-coverage>0', [0, 1]],
  // The user has not typed the number yet.
  ['seconds>', [0, 1, 2, 3]],
])('the filter %j passes %j', (text, expected) => {
  expect(passing(text)).toEqual(expected);
});

describe('a mistake', () => {
  test.each([
    ['weight<3', "no figure 'weight'; there are seconds, size, least-coverage"],
    ['seconds<many', "'many' is no number"],
  ])('in %j is told', (text, problem) => {
    expect(parseQuery(text, FIGURES).problems).toEqual([problem]);
  });
});

test.each([
  [{ by: -1, descending: true }, [3, 2, 1, 0]],
  [{ by: 0, descending: false }, [0, 2, 3, 1]],
  [{ by: 0, descending: true }, [1, 2, 3, 0]],
  [{ by: 2, descending: false }, [0, 1, 2, 3]],
  [{ by: 2, descending: true }, [1, 0, 2, 3]],
])('ordered by %j rows without the figure come last, equal ones by name', (order, expected) => {
  expect(selectRows(TABLE, 4, () => true, order)).toEqual(expected);
});
