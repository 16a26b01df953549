import { hostname } from 'node:os';
import { WorkerBeat } from '../../gen/cyclorama/job/v1/task.ts';
import type { Bus } from './bus-types.ts';
import { CPU } from './device.ts';
import { CycloramaError } from './failure.ts';
import type { Log } from './log.ts';
import { pause } from './signal.ts';

const BEAT_EVERY_MS = 10_000;
const KNOWN_FOR_MS = 2_000;

/** The workers that are alive: those whose beats the key-value store has not forgotten yet. */
export interface Workers {
  live(operation: string): Promise<WorkerBeat[]>;
}

/** Watches the workers' beats; answers are at most two seconds old. */
export function createWorkers(bus: Pick<Bus, 'bucket'>): Workers {
  const beats = bus.bucket('workers');
  let known: Promise<WorkerBeat[]> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    async live(operation) {
      if (known === undefined || performance.now() - askedAt > KNOWN_FOR_MS) {
        askedAt = performance.now();
        known = beats.all().then((all) => all.map(({ value }) => WorkerBeat.fromJSON(JSON.parse(value))));
        known.catch(() => {
          known = undefined;
        });
      }
      return (await known).filter((beat) => !beat.draining && beat.operations.includes(operation));
    },
  };
}

/** Sum of the slots of some workers. */
export function countSlots(workers: WorkerBeat[]): number {
  return workers.reduce((sum, { slots }) => sum + slots, 0);
}

/** Throws `gpu_unavailable` where no live worker that takes an operation's tasks has a GPU. */
export async function requireLiveGpu(workers: Workers, operation: string): Promise<void> {
  const live = await workers.live(operation);
  if (live.some(({ device }) => device !== CPU)) return;
  throw new CycloramaError(
    'gpu_unavailable',
    `require_gpu: none of ${live.length} live workers that take tasks of '${operation}' has a GPU`,
  );
}

/** Tells the deployment that this worker lives, until the signal aborts; then that it is gone. */
export async function beatWhileAlive(
  bus: Pick<Bus, 'bucket'>,
  beat: Omit<WorkerBeat, 'host' | 'draining'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const beats = bus.bucket('workers');
  const value = JSON.stringify(WorkerBeat.toJSON({ ...beat, host: hostname(), draining: false }));
  while (!signal.aborted) {
    try {
      await beats.put(beat.workerId, value);
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'beat not sent');
    }
    await pause(BEAT_EVERY_MS, signal);
  }
  try {
    await beats.remove(beat.workerId);
  } catch (error) {
    log.warn({ error: (error as Error).message }, 'beat not removed; it is forgotten by itself');
  }
}
