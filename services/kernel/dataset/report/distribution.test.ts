import { expect, test } from 'vitest';
import { createDistribution } from './distribution.ts';

function of(values: Iterable<number>) {
  const distribution = createDistribution();
  for (const value of values) distribution.add(value);
  return distribution;
}

test.each([0.01, 0.25, 0.5, 0.9, 0.99, 1])('the quantile %d of many values is right within one percent', (q) => {
  const values = Array.from({ length: 10_000 }, (_, n) => 1.0013 ** n);
  const exact = values[Math.ceil(q * values.length) - 1]!;
  expect(Math.abs(of(values).quantile(q) / exact - 1)).toBeLessThan(0.011);
});

test('count, sum and ends are exact', () => {
  const { count, sum, min, max } = of([0, 3, 0.5, 12]);
  expect({ count, sum, min, max }).toEqual({ count: 4, sum: 15.5, min: 0, max: 12 });
});

test('quantiles never leave the range of the values; zeros are values', () => {
  expect(of([7]).quantile(0.5)).toBe(7);
  expect(of([0, 0, 0, 5]).quantile(0.5)).toBe(0);
  expect(of([]).quantile(0.5)).toBeNaN();
});

test('powers of ten are told apart at their edges, and none between is left out', () => {
  expect(of([0, 0.5, 9.99, 10, 999, 1000, 1e15]).decades().slice(0, 5)).toEqual([
    { from: 0, to: 1, count: 2 },
    { from: 1, to: 10, count: 1 },
    { from: 10, to: 100, count: 1 },
    { from: 100, to: 1000, count: 1 },
    { from: 1000, to: 10_000, count: 1 },
  ]);
  expect(of([1e15]).decades()).toEqual([{ from: 1e15, to: 1e16, count: 1 }]);
  expect(of([]).decades()).toEqual([]);
});

test('tenths of one are told apart at their edges', () => {
  const counts = of([0, 0.05, 0.1, 0.3, 0.1 + 0.2, 0.95, 1, 7]).tenths();
  expect(counts.map(({ count }) => count)).toEqual([2, 1, 0, 2, 0, 0, 0, 0, 0, 3]);
  expect(counts[3]).toMatchObject({ from: 0.3, to: 0.4 });
});
