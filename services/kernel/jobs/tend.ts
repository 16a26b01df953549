import { JobClass } from '../../../gen/cyclorama/job/v1/job.ts';
import { resultSubject, STREAMS } from '../bus/topics.ts';
import type { Bus } from '../bus/types.ts';
import type { Log } from '../process/log.ts';
import { pause } from '../signal.ts';
import type { Jobs } from './jobs.ts';
import { isEnded } from './state.ts';

const LOOK_EVERY_MS = 600_000;
const KEEP_MS = 3_600_000;

/** The jobs that are tended, and the bus that holds their results. */
export interface TendParts {
  operation: string;
  jobs: Pick<Jobs, 'all' | 'forget' | 'order'>;
  bus: Pick<Bus, 'purge'>;
  log: Log;
}

/** Tends the jobs of an operation every ten minutes until the signal aborts. */
export async function tendJobs(parts: TendParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      await tendOnce(parts);
    } catch (error) {
      parts.log.warn({ error: (error as Error).message }, 'jobs not looked after');
    }
  }
}

/**
 * Orders the drive of jobs that lack an order because their service died between two writes. Removes the jobs of
 * synchronous calls an hour after their end: each call makes one, and nobody asks for it later.
 */
export async function tendOnce({ operation, jobs, bus }: Omit<TendParts, 'log'>): Promise<void> {
  for (const job of await jobs.all()) {
    if (job.operation !== operation) continue;
    if (!isEnded(job.state)) {
      await jobs.order(job);
      continue;
    }
    const old = Date.now() - (job.endTime?.getTime() ?? 0) > KEEP_MS;
    if (!old || job.jobClass !== JobClass.JOB_CLASS_INTERACTIVE) continue;
    await bus.purge(STREAMS.results, resultSubject(job.jobId, '*'));
    await jobs.forget(job.jobId);
  }
}
