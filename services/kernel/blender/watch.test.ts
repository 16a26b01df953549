import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CycloramaError } from '../failure.ts';
import { watchRun } from './watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watch(deadlineMs: number, stallMs: number, controller = new AbortController()) {
  const ends: CycloramaError[] = [];
  const limits = { signal: controller.signal, deadlineMs, stallMs };
  return {
    ends,
    controller,
    watch: watchRun(
      limits,
      () => 'import',
      (error) => ends.push(error),
    ),
  };
}

test('silence for too long is a hang', () => {
  const { ends } = watch(10_000, 1_000);
  vi.advanceTimersByTime(999);
  expect(ends).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(ends[0]).toMatchObject({ reason: 'blender_hang', detail: { stage: 'import' } });
});

test('a deadline of months is none of a moment', () => {
  const { ends, watch: running } = watch(2 ** 32, 1_000_000);
  vi.advanceTimersByTime(60_000);
  expect(ends).toHaveLength(0);
  running.end();
});

test('signs of life put the hang off, the deadline they do not', () => {
  const { ends, watch: running } = watch(10_000, 1_000);
  for (let at = 0; at < 19; at += 1) {
    vi.advanceTimersByTime(500);
    running.alive();
  }
  expect(ends).toHaveLength(0);
  vi.advanceTimersByTime(500);
  expect(ends[0]?.message).toContain('not done after 10000 ms');
});

test('an abort ends it with its own reason, once', () => {
  const { ends, controller } = watch(10_000, 1_000);
  controller.abort(new CycloramaError('worker_draining', 'bye'));
  vi.advanceTimersByTime(20_000);
  expect(ends.map(({ reason }) => reason)).toEqual(['worker_draining']);
});

test('an abort without a reason of ours is a cancellation', () => {
  const { ends, controller } = watch(10_000, 1_000);
  controller.abort();
  expect(ends[0]?.reason).toBe('cancelled');
});

test('a watch that ended says nothing', () => {
  const { ends, watch: running, controller } = watch(10_000, 1_000);
  running.end();
  vi.advanceTimersByTime(20_000);
  controller.abort();
  expect(ends).toHaveLength(0);
});
