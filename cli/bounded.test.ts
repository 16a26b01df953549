import { describe, expect, it } from 'vitest';
import { forEachBounded } from './bounded.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('bounded work', () => {
  it('runs over every item, never more than the width at a time', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    await forEachBounded(Array.from({ length: 50 }).keys(), 4, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await tick();
      seen.push(item);
      running -= 1;
    });
    expect(seen.toSorted((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(most).toBe(4);
  });

  it('throws the first error, starts nothing more, and waits for what runs', async () => {
    let ended = 0;
    const started: number[] = [];
    const work = async (item: number): Promise<void> => {
      started.push(item);
      await tick();
      ended += 1;
      if (item === 1) throw new Error('one is bad');
    };
    await expect(forEachBounded(Array(100).keys(), 2, work)).rejects.toThrow('one is bad');
    expect(started.length).toBeLessThan(6);
    expect(ended).toBe(started.length);
  });
});
