import { JobClass } from '../../gen/cyclorama/job/v1/job.ts';
import type { Bus } from './bus-types.ts';
import { isEnded } from './job-state.ts';
import type { Jobs } from './jobs.ts';
import type { Log } from './log.ts';
import { pause } from './signal.ts';
import { resultSubject, STREAMS } from './topics.ts';

const LOOK_EVERY_MS = 600_000;
const KEEP_MS = 3_600_000;

/** What forgetting takes. */
export interface ForgetParts {
  operation: string;
  jobs: Pick<Jobs, 'all' | 'forget'>;
  bus: Pick<Bus, 'purge'>;
  log: Log;
}

/** Removes the jobs of synchronous calls an hour after their end: each call makes one, and nobody asks for it later. */
export async function forgetInteractive(
  { operation, jobs, bus, log }: ForgetParts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      for (const job of await jobs.all()) {
        const old = isEnded(job.state) && Date.now() - (job.endTime?.getTime() ?? 0) > KEEP_MS;
        if (!old || job.operation !== operation || job.jobClass !== JobClass.JOB_CLASS_INTERACTIVE) continue;
        await bus.purge(STREAMS.results, resultSubject(job.jobId, '*'));
        await jobs.forget(job.jobId);
      }
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'old interactive jobs not removed');
    }
  }
}
