import type { Bus, Delivery } from './bus-types.ts';
import type { Log } from './log.ts';
import { pause } from './signal.ts';
import { CLASSES, STREAMS, taskConsumer } from './topics.ts';

const WAIT_MS = 2_000;

/** What taking tasks from queues takes. */
export interface TakeParts {
  bus: Pick<Bus, 'take'>;
  /** Queues in order of preference within a class. */
  queues: readonly string[];
  /** Most tasks in hand at a time: those on slots, and those downloaded ahead. */
  capacity: number;
  /** Runs one task to its answer; never throws. */
  run: (delivery: Delivery) => Promise<void>;
  /** Called when the worker has had nothing to do for so long, once. */
  idle?: { afterMs: number; onIdle: () => void } | undefined;
  /** How long a pull on an empty queue waits. */
  waitMs?: number;
  log: Log;
}

/**
 * Takes tasks until the signal aborts, interactive ones first, never more than the capacity; returns when all in hand have their answer.
 * A pull that waits is never broken off; what it brings when there is no room goes straight back.
 */
export async function takeTasks(parts: TakeParts, signal: AbortSignal): Promise<void> {
  const { bus, queues, capacity, run, idle, waitMs = WAIT_MS, log } = parts;
  const consumers = CLASSES.flatMap((word) => queues.map((queue) => taskConsumer(queue, word)));
  const inHand = new Set<Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  let busyAt = performance.now();

  const start = (deliveries: Delivery[]): number => {
    for (const delivery of deliveries) {
      if (signal.aborted || inHand.size >= capacity) {
        delivery.handBack(0);
        continue;
      }
      const task = run(delivery).finally(() => {
        inHand.delete(task);
        busyAt = performance.now();
      });
      inHand.add(task);
    }
    return deliveries.length;
  };

  const take = async (consumer: string, max: number, patienceMs: number): Promise<number> => {
    try {
      return start(await bus.take(STREAMS.tasks, consumer, max, patienceMs));
    } catch (error) {
      log.warn({ error: (error as Error).message, consumer }, 'cannot take tasks');
      await pause(waitMs / 2, signal);
      return 0;
    }
  };

  /** One look at every queue; true when something came. */
  const sweep = async (): Promise<boolean> => {
    for (const consumer of consumers) {
      if ((await take(consumer, capacity - inHand.size, 0)) > 0) return true;
    }
    return false;
  };

  const waitForAny = async (): Promise<void> => {
    for (const consumer of consumers) {
      if (waiting.has(consumer)) continue;
      const wait = take(consumer, 1, waitMs).then(() => void waiting.delete(consumer));
      waiting.set(consumer, wait);
    }
    await Promise.race(waiting.values());
  };

  let idled = false;
  while (!signal.aborted) {
    if (inHand.size >= capacity) await Promise.race(inHand);
    else if (!(await sweep())) await waitForAny();
    if (inHand.size > 0) busyAt = performance.now();
    if (idle && !idled && performance.now() - busyAt > idle.afterMs) {
      idled = true;
      idle.onIdle();
    }
  }
  await Promise.all([...waiting.values(), ...inHand]);
}
