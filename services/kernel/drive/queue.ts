import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { LedgerEntry } from '../../../gen/cyclorama/job/v1/task.ts';
import { readEach } from '../bus/messages.ts';
import { STREAMS, taskSubject } from '../bus/topics.ts';
import type { Bus } from '../bus/types.ts';
import { countSlots, lackOfWorkers } from '../jobs/workers.ts';
import { pause } from '../signal.ts';
import type { DriveParts } from './parts.ts';

/** Counts the tasks of a job that are queued or that workers hold, in all lanes. */
export function countTasks(bus: Bus, { operation, jobId }: Job): Promise<number> {
  return bus.count(STREAMS.tasks, taskSubject(operation, '*', jobId));
}

/** Warns if a job's tasks wait and no live worker may take them. */
export async function warningOfLack({ bus, liveWorkers }: DriveParts, job: Job, closing: boolean): Promise<string[]> {
  // Any worker takes the closing task.
  const requireGpu = job.requireGpu && !closing;
  const lack = lackOfWorkers(await liveWorkers(), { operation: job.operation, requireGpu });
  if (lack === undefined || (await countTasks(bus, job)) === 0) return [];
  return [`${lack}; tasks wait`];
}

/** Warns why tasks of a job are handed back again and again: each reason once, with the message of its first task. */
export async function warningsOfTrouble({ bus, log }: DriveParts, { jobId }: Job): Promise<string[]> {
  const entries = await bus.bucket('ledger').all(`${jobId}.*`);
  const sorted = entries.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  const byReason = new Map<string, string>();
  for (const { trouble } of readEach(sorted, ({ value }) => LedgerEntry.fromJSON(JSON.parse(value)), log)) {
    if (trouble && !byReason.has(trouble.reason)) byReason.set(trouble.reason, trouble.message);
  }
  return [...byReason].map(([reason, message]) => `tasks are handed back and tried again: ${reason}: ${message}`);
}

/** Keeps a job from queueing more than its share: at most max(64, 4 x live slots) tasks at a time. */
export function createShare(
  { bus, liveWorkers }: DriveParts,
  job: Job,
): { take: (signal: AbortSignal) => Promise<void> } {
  let left = 0;
  let asking: Promise<void> | undefined;
  const ask = async (signal: AbortSignal): Promise<void> => {
    while (left <= 0 && !signal.aborted) {
      const [queued, live] = await Promise.all([countTasks(bus, job), liveWorkers()]);
      left = Math.max(64, 4 * countSlots(live, job)) - queued;
      if (left <= 0) await pause(50, signal);
    }
  };
  return {
    async take(signal) {
      while (left <= 0) {
        asking ??= ask(signal).finally(() => {
          asking = undefined;
        });
        await asking;
        signal.throwIfAborted();
      }
      left--;
    },
  };
}
