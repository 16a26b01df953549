import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { mapBounded } from './concurrency.ts';

const ITEMS = Array.from({ length: 50 }, (_, n) => n);

test.each([1, 7, 50, 1000])('every item is worked on once, at most %i at a time', async (limit) => {
  const seen: number[] = [];
  let now = 0;
  let most = 0;
  await mapBounded(ITEMS, limit, async (item) => {
    most = Math.max(most, ++now);
    await setImmediate();
    seen.push(item);
    now -= 1;
  });
  expect(seen.sort((a, b) => a - b)).toEqual(ITEMS);
  expect(most).toBe(Math.min(limit, ITEMS.length));
});

test('the first error is thrown once all under way have settled, and nothing new is begun', async () => {
  const begun: number[] = [];
  let settled = 0;
  const work = mapBounded(ITEMS, 4, async (item) => {
    begun.push(item);
    await setImmediate();
    await setImmediate();
    settled += 1;
    if (item === 1) throw new Error('item 1');
  });
  await expect(work).rejects.toThrow('item 1');
  expect(settled).toBe(begun.length);
  expect(begun.length).toBeLessThan(10);
});

test('nothing to do is done', async () => {
  await mapBounded([], 8, async () => {
    throw new Error('called');
  });
});
