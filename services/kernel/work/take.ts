import { CLASSES, lanesOf, STREAMS, taskConsumer } from '../bus/topics.ts';
import type { Bus, Delivery } from '../bus/types.ts';
import type { Log } from '../process/log.ts';
import { pause } from '../signal.ts';

const WAIT_MS = 2_000;

/** The queues that a worker takes tasks from, and how it runs them. */
export interface TakeParts {
  bus: Pick<Bus, 'take'>;
  /** Queues in order of preference within a class. */
  queues: readonly string[];
  /** A worker with a GPU also takes tasks that need one; other workers never see them. */
  hasGpu: boolean;
  /** The maximum of tasks in hand, on slots or downloaded ahead. One more place is for an interactive task. */
  capacity: number;
  /** Runs one task to its answer; never throws. */
  run: (delivery: Delivery) => Promise<void>;
  /** `onIdle` is called once, when the worker had nothing to do for `afterMs`. */
  idle?: { afterMs: number; onIdle: () => void } | undefined;
  /** How long a pull on an empty queue waits. */
  waitMs?: number;
  log: Log;
}

/** A consumer to take from. */
interface Source {
  consumer: string;
  /** How many more tasks it may bring now. */
  room: () => number;
}

/**
 * Takes tasks until the signal aborts, interactive ones first, and returns when all tasks in hand are answered.
 * It holds at most `capacity` tasks, plus one place reserved for interactive tasks, which would otherwise wait behind
 * batch tasks that are already downloaded. A waiting pull is never broken off; if it brings a task when there is no
 * place, the task goes straight back.
 */
export async function takeTasks(parts: TakeParts, signal: AbortSignal): Promise<void> {
  const { bus, queues, hasGpu, capacity, run, idle, waitMs = WAIT_MS, log } = parts;
  /** Groups in order of preference. The lanes of a group take turns, or jobs for a GPU would hold up all others. */
  const sources = CLASSES.flatMap((word) =>
    queues.map((queue): Source[] => {
      const places = word === 'interactive' ? capacity + 1 : capacity;
      const room = (): number => places - inHand.size;
      return lanesOf(word, hasGpu).map((lane) => ({ consumer: taskConsumer(queue, lane), room }));
    }),
  );
  const inHand = new Set<Promise<void>>();
  const waiting = new Map<Source, Promise<void>>();
  let busyAt = performance.now();

  const start = (deliveries: Delivery[], room: Source['room']): number => {
    for (const delivery of deliveries) {
      if (signal.aborted || room() <= 0) {
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

  const take = async ({ consumer, room }: Source, max: number, patienceMs: number): Promise<number> => {
    try {
      return start(await bus.take(STREAMS.tasks, consumer, max, patienceMs), room);
    } catch (error) {
      log.warn({ error: (error as Error).message, consumer }, 'cannot take tasks');
      await pause(waitMs / 2, signal);
      return 0;
    }
  };

  /** Looks at every queue once; returns whether a task came. */
  const sweep = async (): Promise<boolean> => {
    for (const group of sources) {
      for (const source of group) {
        // If the server does not answer, each look takes its whole timeout.
        if (signal.aborted) return false;
        if (source.room() <= 0 || (await take(source, source.room(), 0)) === 0) continue;
        group.sort((a, b) => Number(a === source) - Number(b === source));
        return true;
      }
    }
    return false;
  };

  const waitForAny = async (): Promise<void> => {
    for (const source of sources.flat()) {
      if (waiting.has(source) || source.room() <= 0) continue;
      const wait = take(source, 1, waitMs).then(() => void waiting.delete(source));
      waiting.set(source, wait);
    }
    // The end of a task frees a place for queues that no pull waits on now.
    await Promise.race([...waiting.values(), ...(inHand.size >= capacity ? inHand : [])]);
  };

  let idled = false;
  while (!signal.aborted) {
    if (inHand.size > capacity) await Promise.race(inHand);
    else if (!(await sweep()) && !signal.aborted) await waitForAny();
    if (inHand.size > 0) busyAt = performance.now();
    if (idle && !idled && performance.now() - busyAt > idle.afterMs) {
      idled = true;
      idle.onIdle();
    }
  }
  await Promise.all([...waiting.values(), ...inHand]);
}
