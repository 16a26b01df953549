import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withGrace } from './signal.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs work that ends only when it is aborted; the result then holds the reason. */
function runEndless(signal: AbortSignal): { reason?: unknown } {
  const seen: { reason?: unknown } = {};
  const endless = (own: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      own.addEventListener('abort', () => {
        seen.reason = own.reason;
        resolve();
      });
    });
  void withGrace(signal, { limitMs: 300_000, graceMs: 10_000, late: () => new Error('too late') }, endless);
  return seen;
}

test('work with a grace is broken off with its own error when its time is over', () => {
  const seen = runEndless(new AbortController().signal);
  vi.advanceTimersByTime(299_999);
  expect(seen.reason).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(seen.reason).toMatchObject({ message: 'too late' });
});

test('the grace of work under way begins when the signal aborts', () => {
  const ending = new AbortController();
  const seen = runEndless(ending.signal);
  vi.advanceTimersByTime(60_000);
  ending.abort();
  vi.advanceTimersByTime(9_999);
  expect(seen.reason).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(seen.reason).toMatchObject({ message: 'too late' });
});

test('work that begins after the signal has no more than the grace', () => {
  const seen = runEndless(AbortSignal.abort());
  vi.advanceTimersByTime(10_000);
  expect(seen.reason).toMatchObject({ message: 'too late' });
});

test('work that ends in time leaves neither timer nor listener', async () => {
  const { signal } = new AbortController();
  const grace = { limitMs: 300_000, graceMs: 10_000, late: () => new Error('too late') };
  expect(await withGrace(signal, grace, async () => 'done')).toBe('done');
  expect([vi.getTimerCount(), getEventListeners(signal, 'abort')]).toEqual([0, []]);
});
