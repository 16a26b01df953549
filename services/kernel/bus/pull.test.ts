import type { NatsConnection } from 'nats';
import { expect, test, vi } from 'vitest';
import type { BusCore } from './connection.ts';
import { pullNowOrSoon } from './pull.ts';

test('a pull over a connection that has closed for good fails at once, and nothing happens later', async () => {
  vi.useFakeTimers();
  const subscribe = (): never => {
    throw new Error('the connection is closed');
  };
  const core = { connection: { subscribe } as unknown as NatsConnection, lost: new AbortController().signal };
  const pulled = (async () => pullNowOrSoon(core as BusCore, 'TASKS', 'tasks-note-batch', 1, 0))();
  await expect(pulled).rejects.toThrow('closed');
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
