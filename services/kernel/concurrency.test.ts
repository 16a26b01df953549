import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forEachBounded } from './concurrency.ts';

const ITEMS = Array.from({ length: 50 }, (_, n) => n);

test.each([1, 7, 50, 1000])('every item is worked on once, at most %i at a time', async (limit) => {
  const seen: number[] = [];
  let now = 0;
  let most = 0;
  await forEachBounded(ITEMS, limit, async (item) => {
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
  const work = forEachBounded(ITEMS, 4, async (item) => {
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
  await forEachBounded([], 8, async () => {
    throw new Error('called');
  });
});

test('a source that brings items as they come is read no further than there is work for, and let go of', async () => {
  let given = 0;
  let left = false;
  const source = async function* (): AsyncGenerator<number> {
    try {
      for (; ; given++) yield given;
    } finally {
      left = true;
    }
  };
  const work = forEachBounded(source(), 3, async (item) => {
    await setImmediate();
    if (item === 5) throw new Error('item 5');
  });
  await expect(work).rejects.toThrow('item 5');
  expect(left).toBe(true);
  expect(given).toBeLessThan(15);
});
