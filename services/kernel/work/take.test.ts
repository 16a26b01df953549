import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { MemoryQueue } from '../../../test/support/memory/queue.ts';
import { until } from '../../../test/support/poll.ts';
import type { Delivery } from '../bus/types.ts';
import { type TakeParts, takeTasks } from './take.ts';

const BATCH = 'tasks-analysis-batch';
const INTERACTIVE = 'tasks-analysis-interactive';
const BATCH_GPU = 'tasks-analysis-batch-gpu';
const QUIET = pino({ level: 'silent' });

/** A taker whose tasks end when the test says so. */
function startTaking(queue: MemoryQueue, capacity: number, change: Partial<TakeParts> = {}) {
  const running: { payload: string; end: () => void }[] = [];
  const begun: string[] = [];
  let most = 0;
  const run = async (delivery: Delivery): Promise<void> => {
    const { promise, resolve: end } = Promise.withResolvers<void>();
    const task = { payload: delivery.payload, end };
    running.push(task);
    begun.push(delivery.payload);
    most = Math.max(most, running.length);
    await promise;
    running.splice(running.indexOf(task), 1);
    await delivery.ack();
  };
  const drain = new AbortController();
  const usual = { bus: queue, queues: ['analysis'], hasGpu: false, waitMs: 100, log: QUIET };
  const parts: TakeParts = { ...usual, capacity, run, ...change };
  const ended = takeTasks(parts, drain.signal);
  return { running, begun, most: () => most, drain: () => drain.abort(), ended };
}

test('of many tasks no more than the capacity are in hand, and each is taken once', async () => {
  const queue = new MemoryQueue();
  const tasks = Array.from({ length: 60 }, (_, n) => `t${n}`);
  queue.push(BATCH, ...tasks.slice(0, 30));
  const taking = startTaking(queue, 4);
  queue.push(BATCH, ...tasks.slice(30));
  while (queue.count('acked') < tasks.length) {
    await until('tasks run', () => taking.running.length > 0);
    taking.running[0]!.end();
    await nextTurn();
  }
  expect(taking.most()).toBe(4);
  expect(taking.begun.toSorted()).toEqual(tasks.toSorted());
  taking.drain();
  await taking.ended;
});

test('somebody who waits for an answer goes before all batch tasks', async () => {
  const queue = new MemoryQueue();
  queue.push(BATCH, 'b1', 'b2', 'b3');
  const taking = startTaking(queue, 1);
  await until('b1 runs', () => taking.running.length === 1);
  queue.push(INTERACTIVE, 'i1');
  await until('i1 has the place that is kept for such', () => taking.running.length === 2);
  queue.push(INTERACTIVE, 'i2');
  taking.running[0]!.end();
  await until('another task runs', () => taking.begun.length === 3);
  expect(taking.begun).toEqual(['b1', 'i1', 'i2']);
  for (const task of taking.running) task.end();
  await until('a batch task runs again', () => taking.begun.length === 4);
  expect([taking.begun[3], taking.most()]).toEqual(['b2', 2]);
  taking.drain();
  taking.running[0]!.end();
  await taking.ended;
});

test('a worker without a GPU never asks for tasks that need one', async () => {
  const queue = new MemoryQueue();
  const asked = new Set<string>();
  queue.onTake = (consumer) => void asked.add(consumer);
  queue.push(BATCH_GPU, 'g1');
  const taking = startTaking(queue, 2);
  await until('pulls wait on all that it may take from', () => queue.waitingPulls === 2);
  expect([...asked].toSorted()).toEqual([BATCH, INTERACTIVE]);
  taking.drain();
  await taking.ended;
});

test('a worker with a GPU takes tasks that need one and others in turn, those somebody waits for first', async () => {
  const queue = new MemoryQueue();
  queue.push(BATCH, 'b1', 'b2', 'b3');
  queue.push(BATCH_GPU, 'g1', 'g2', 'g3');
  queue.push('tasks-analysis-interactive-gpu', 'i1');
  const taking = startTaking(queue, 1, { hasGpu: true });
  while (queue.count('acked') < 7) {
    await until('a task runs', () => taking.running.length > 0);
    taking.running[0]!.end();
    await nextTurn();
  }
  expect(taking.begun).toEqual(['i1', 'g1', 'b1', 'g2', 'b2', 'g3', 'b3']);
  taking.drain();
  await taking.ended;
});

test('what waiting pulls bring beyond the capacity goes straight back, and is taken when there is room', async () => {
  const queue = new MemoryQueue();
  const taking = startTaking(queue, 1, { queues: ['analysis', 'rendering'] });
  await until('pulls wait on all queues', () => queue.waitingPulls === 4);
  queue.push(BATCH, 'b1');
  queue.push('tasks-rendering-batch', 'b2');
  await until('one was handed back', () => queue.count('handed back') === 1);
  expect(taking.most()).toBe(1);
  expect(queue.answers[0]).toMatchObject({ answer: 'handed back', delayMs: 0 });
  taking.running[0]!.end();
  await until('the other runs', () => taking.begun.length === 2);
  taking.running[0]!.end();
  expect(taking.begun.toSorted()).toEqual(['b1', 'b2']);
  taking.drain();
  await taking.ended;
});

test('a drain takes nothing new, hands back what a pull still brings, and waits for what is in hand', async () => {
  const queue = new MemoryQueue();
  queue.push(BATCH, 't1');
  const taking = startTaking(queue, 2);
  await until('pulls wait beside t1', () => taking.running.length === 1 && queue.waitingPulls === 2);
  taking.drain();
  queue.push(INTERACTIVE, 'late');
  await until('no pull waits any more', () => queue.waitingPulls === 0 && queue.count('handed back') === 1);
  const order: string[] = [];
  const ended = taking.ended.then(() => order.push('ended'));
  await nextTurn();
  order.push('t1 ends');
  taking.running[0]!.end();
  await ended;
  expect(order).toEqual(['t1 ends', 'ended']);
  expect(taking.begun).toEqual(['t1']);
  expect(queue.count('acked')).toBe(1);
});

test('a drain in mid-sweep looks at no further queue, since each look may take its whole timeout', async () => {
  const asked: string[] = [];
  const { promise: late, reject } = Promise.withResolvers<Delivery[]>();
  const take: TakeParts['bus']['take'] = (_stream, consumer) => {
    asked.push(consumer);
    return late;
  };
  const taking = startTaking(new MemoryQueue(), 1, { bus: { take }, queues: ['analysis', 'rendering'] });
  await until('the first queue is asked', () => asked.length === 1);
  taking.drain();
  reject(new Error('no answer to pull'));
  await taking.ended;
  expect(asked).toEqual([INTERACTIVE]);
});

test('a bus that fails now and then costs time, not tasks', async () => {
  const queue = new MemoryQueue();
  let pulls = 0;
  queue.onTake = () => {
    pulls += 1;
    if (pulls <= 2) throw new Error('NATS does not answer');
  };
  queue.push(BATCH, 't1');
  const taking = startTaking(queue, 1);
  await until('t1 runs', () => taking.running.length === 1);
  taking.drain();
  taking.running[0]!.end();
  await taking.ended;
});

test('idleness is told once, and only after there was nothing to do for the whole time', async () => {
  const AFTER_MS = 150;
  const queue = new MemoryQueue();
  const toldAt: number[] = [];
  let pulls = 0;
  queue.onTake = () => {
    pulls += 1;
  };
  queue.push(BATCH, 't1');
  const onIdle = (): void => void toldAt.push(performance.now());
  const taking = startTaking(queue, 2, { idle: { afterMs: AFTER_MS, onIdle } });
  const start = performance.now();
  await until('t1 ran for longer than that', () => performance.now() - start > AFTER_MS + 100);
  const freeAt = performance.now();
  taking.running[0]!.end();
  await until('idleness is told', () => toldAt.length > 0);
  expect(toldAt[0]! - freeAt).toBeGreaterThanOrEqual(AFTER_MS);
  const before = pulls;
  await until('the worker looked for tasks a few times more', () => pulls > before + 8);
  expect(toldAt).toHaveLength(1);
  taking.drain();
  await taking.ended;
});
