import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { classWord, STREAMS, taskSubject } from '../bus/topics.ts';
import type { Bus } from '../bus/types.ts';
import { toClosingPlaces } from '../dataset/places.ts';
import { CLOSING, readClosing } from '../jobs/results.ts';
import type { Log } from '../process/log.ts';
import { toS3Uri } from '../uri.ts';

const LOOK_EVERY_MS = 2_000;
/**
 * Bytes of scratch space that one row takes while the index is written: its parts, the old and the new index, Parquet.
 */
const SCRATCH_BYTES_PER_ASSET = 4_096n;

/** The parts of the drive that closing a dataset needs. */
export interface ClosingParts {
  bus: Pick<Bus, 'publish' | 'count' | 'reader'>;
  /** If the task and its result are both missing for this long, the task is queued again. */
  stallMs: number;
  log: Log;
}

/** Returns whether a job ends with a closing task: it leaves a dataset, and no call waits for it. */
export function needsClosing({ outputUri, jobClass }: Job): boolean {
  return outputUri !== '' && classWord(jobClass) === 'batch';
}

/** Has a worker write the index and the report of a job's dataset; returns the warnings that the job then shows. */
export async function haveClosed(
  { bus, stallMs, log }: ClosingParts,
  job: Job,
  signal: AbortSignal,
): Promise<string[]> {
  const subject = taskSubject(job.operation, classWord(job.jobClass), job.jobId);
  const payload = JSON.stringify(Task.toJSON(toClosingTask(job)));
  const results = readClosing(bus, job.jobId);
  try {
    let result = await results.next(0, signal);
    for (let round = 0; !result; round++) {
      signal.throwIfAborted();
      if (round > 0) log.warn('the closing task is lost: queueing it again');
      await bus.publish(subject, payload, `${job.jobId}.${CLOSING}.${round}`);
      for (let seen = performance.now(); !result && performance.now() - seen < stallMs; ) {
        signal.throwIfAborted();
        if ((await bus.count(STREAMS.tasks, subject)) > 0) seen = performance.now();
        result = await results.next(LOOK_EVERY_MS, signal);
      }
    }
    return warningsOf(result);
  } finally {
    await results.close();
  }
}

/** Makes the closing task: the envelope of every task, with the index that it writes in the asset's field. */
function toClosingTask(job: Job): Task {
  const { index } = toClosingPlaces(job.outputUri, job.outputsBesideAssets);
  const total = job.counts?.total ?? 0n;
  return Task.fromPartial({
    jobId: job.jobId,
    taskId: CLOSING,
    operation: job.operation,
    asset: { uri: toS3Uri(index), sizeBytes: total * SCRATCH_BYTES_PER_ASSET },
    spec: job.spec,
    fingerprint: CLOSING,
    outputUri: job.outputUri,
    outputsBesideAsset: job.outputsBesideAssets,
    traceId: job.traceId,
    jobClass: job.jobClass,
    closing: true,
  });
}

function warningsOf({ outcome, failure, warnings }: TaskResult): string[] {
  if (outcome === Outcome.OUTCOME_SUCCEEDED) return warnings;
  return [`index and report were not written: ${failure?.reason}: ${failure?.message}`];
}
