import { expect, test } from 'vitest';
import { parseCount, parseSeed } from './option-values.ts';

test.each(['1.5', '-1', '', ' ', 'x', '1e10', '99999999999', 'Infinity'])(
  '%j is no whole number that a request holds',
  (word) => {
    expect(() => parseCount(word)).toThrow(/Expected a whole number from 1 to 2147483647/);
    expect(() => parseSeed(word)).toThrow(/Expected a whole number from 0/);
  },
);

test('counts start at one, seeds at nothing', () => {
  expect([parseCount('1'), parseCount('2147483647'), parseSeed('0')]).toEqual([1, 2147483647, 0]);
  expect(() => parseCount('0')).toThrow(/from 1/);
});
