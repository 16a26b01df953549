import { CLASSES, lanesOf, STREAMS, taskConsumer } from '../bus/topics.ts';
import type { Bus, Delivery } from '../bus/types.ts';
import type { Log } from '../process/log.ts';
import { pause } from '../signal.ts';

const WAIT_MS = 2_000;

/** What taking tasks from queues takes. */
export interface TakeParts {
  bus: Pick<Bus, 'take'>;
  /** Queues in order of preference within a class. */
  queues: readonly string[];
  /** Only then it takes tasks that need a GPU: others never see them. */
  hasGpu: boolean;
  /** Most tasks in hand at a time: those on slots, and those downloaded ahead. One more may be interactive. */
  capacity: number;
  /** Runs one task to its answer; never throws. */
  run: (delivery: Delivery) => Promise<void>;
  /** Called when the worker has had nothing to do for so long, once. */
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
 * Takes tasks until the signal aborts, interactive ones first, never more than the capacity, but for one place that only
 * they may take: else they would wait behind all that was downloaded ahead. Returns when all in hand have their answer.
 * A pull that waits is never broken off; what it brings when there is no room goes straight back.
 */
export async function takeTasks(parts: TakeParts, signal: AbortSignal): Promise<void> {
  const { bus, queues, hasGpu, capacity, run, idle, waitMs = WAIT_MS, log } = parts;
  /** In order of preference; those of one class and queue take turns, else jobs for a GPU would hold up all others. */
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

  /** One look at every queue; true when something came. */
  const sweep = async (): Promise<boolean> => {
    for (const group of sources) {
      for (const source of group) {
        // Where the server does not answer, each look takes its whole timeout.
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
    // A task that ends makes room for classes that nobody waits for just now.
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
