import { hostname } from 'node:os';
import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import { readEach } from '../bus/messages.ts';
import type { Bus } from '../bus/types.ts';
import { isGpu } from '../device.ts';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import { pause } from '../signal.ts';

const BEAT_EVERY_MS = 10_000;
const KNOWN_FOR_MS = 2_000;

/** Knows the live workers: those whose beats are still in the key-value store. */
export interface Workers {
  live(operation: string): Promise<WorkerBeat[]>;
}

/** Watches the workers' beats; answers are at most two seconds old. */
export function createWorkers(bus: Pick<Bus, 'bucket'>, log?: Pick<Log, 'warn'>): Workers {
  const beats = bus.bucket('workers');
  let known: Promise<WorkerBeat[]> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    async live(operation) {
      if (known === undefined || performance.now() - askedAt > KNOWN_FOR_MS) {
        askedAt = performance.now();
        known = beats.all().then((all) => readEach(all, ({ value }) => WorkerBeat.fromJSON(JSON.parse(value)), log));
        known.catch(() => {
          known = undefined;
        });
      }
      return (await known).filter(({ operations }) => operations.includes(operation));
    },
  };
}

/** Sums the slots of the workers that may take a job's tasks. */
export function countSlots(live: WorkerBeat[], job: Pick<Job, 'requireGpu'>): number {
  return mayTake(live, job).reduce((sum, { slots }) => sum + slots, 0);
}

/** Says why a job's tasks wait if no live worker may take them; undefined if one may. */
export function lackOfWorkers(
  live: WorkerBeat[],
  { operation, requireGpu }: Pick<Job, 'operation' | 'requireGpu'>,
): string | undefined {
  if (mayTake(live, { requireGpu }).length > 0) return undefined;
  return requireGpu
    ? `require_gpu: no live worker that takes tasks of '${operation}' has a GPU`
    : `no live worker takes tasks of '${operation}'`;
}

function mayTake(live: WorkerBeat[], { requireGpu }: Pick<Job, 'requireGpu'>): WorkerBeat[] {
  return requireGpu ? live.filter(({ device }) => isGpu(device)) : live;
}

/**
 * Throws `gpu_unavailable` if workers take an operation's tasks and none of them has a GPU. If no worker lives, it does
 * not throw: a deployment that scales from zero starts workers by the length of the queue.
 */
export async function requireLiveGpu(workers: Workers, operation: string): Promise<void> {
  const live = await workers.live(operation);
  const lack = lackOfWorkers(live, { operation, requireGpu: true });
  if (live.length > 0 && lack !== undefined) throw new CycloramaError('gpu_unavailable', lack);
}

/** Puts this worker's beat into the key-value store until the signal aborts, and then removes it. */
export async function beatWhileAlive(
  bus: Pick<Bus, 'bucket'>,
  beat: Omit<WorkerBeat, 'host'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const beats = bus.bucket('workers');
  const value = JSON.stringify(WorkerBeat.toJSON({ ...beat, host: hostname() }));
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
