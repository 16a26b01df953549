import { describe, expect, it } from 'vitest';
import { createPace, failedRemark, progressLine } from './progress.ts';

describe('progress line', () => {
  it('shows count, bar, share, rate, time left and a remark', () => {
    const line = progressLine({ done: 50, total: 200, perSecond: 2.5, remark: '2 errors' }, 120);
    expect(line).toBe('50/200  [######------------------]   25%  2.5/s  ETA 1:00  2 errors');
  });

  it('never fills a terminal line, so that it cannot wrap', () => {
    for (const columns of [1, 10, 40, 80]) {
      expect(progressLine({ done: 1, total: 2, perSecond: 1 }, columns).length).toBeLessThan(columns);
    }
  });

  it('shows no share before the total is known', () => {
    expect(progressLine({ done: 7, total: undefined, perSecond: undefined }, 80)).toBe('7 of ?');
  });

  it('shows no time left before there is a rate, and none at the end', () => {
    expect(progressLine({ done: 0, total: 4, perSecond: undefined }, 80)).toContain('ETA -:--');
    expect(progressLine({ done: 4, total: 4, perSecond: 1 }, 80)).not.toContain('ETA');
  });

  it('is full for a job of no assets', () => {
    expect(progressLine({ done: 0, total: 0, perSecond: undefined }, 80)).toBe('0/0  [########################]  100%');
  });

  it('speaks of errors only when there are some', () => {
    expect([0n, 1n, 2n].map(failedRemark)).toEqual(['', '1 error', '2 errors']);
  });
});

describe('pace', () => {
  it('is unknown until something was done', () => {
    const pace = createPace();
    expect(pace.sample(0, 0)).toBeUndefined();
    expect(pace.sample(1_000, 0)).toBeUndefined();
    expect(pace.sample(2_000, 4)).toBe(2);
  });

  it('forgets what lies before its window', () => {
    const pace = createPace(10_000);
    pace.sample(0, 0);
    pace.sample(10_000, 1_000);
    pace.sample(20_000, 1_010);
    expect(pace.sample(21_000, 1_011)).toBeCloseTo(1, 6);
  });

  it('costs no more where results come by the thousand', () => {
    const pace = createPace();
    const started = performance.now();
    for (let done = 0; done < 100_000; done++) pace.sample(done, done);
    expect(pace.sample(100_000, 100_000)).toBeCloseTo(1_000, 6);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('keeps a rate for work that is slower than the window', () => {
    const pace = createPace(1_000);
    pace.sample(0, 0);
    expect(pace.sample(60_000, 1)).toBeCloseTo(1 / 60, 6);
  });
});
