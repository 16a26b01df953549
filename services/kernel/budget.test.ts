import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';

const NEVER = new AbortController().signal;

test('room is given in turn: little that comes later does not keep out much that came first', async () => {
  const budget = createBudget(100);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const order: string[] = [];
  const note = (name: string) => async (): Promise<void> => void order.push(name);
  const holder = budget.within(60, NEVER, () => held);
  const others = [budget.within(90, NEVER, note('large')), budget.within(10, NEVER, note('small'))];
  await new Promise(setImmediate);
  expect(order).toEqual([]);
  letGo();
  await Promise.all([holder, ...others]);
  expect(order).toEqual(['large', 'small']);
});

test('who leaves the queue lets the next in', async () => {
  const budget = createBudget(100);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const holder = budget.within(60, NEVER, () => held);
  const leaving = new AbortController();
  const large = budget.within(90, leaving.signal, async () => 'large');
  const small = budget.within(10, NEVER, async () => 'small');
  leaving.abort(new Error('drained'));
  await expect(large).rejects.toThrow('drained');
  expect(await small).toBe('small');
  letGo();
  await holder;
  expect(await budget.within(100, NEVER, async () => 'all')).toBe('all');
});

test('work that fails gives its room back, and none leaves a listener on the signal', async () => {
  const budget = createBudget(1);
  const { signal } = new AbortController();
  const failing = budget.within(1, signal, async () => {
    throw new Error('no');
  });
  const waiting = budget.within(1, signal, async () => 'ran');
  await expect(failing).rejects.toThrow('no');
  expect(await waiting).toBe('ran');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
