import { JobState, type TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { laneOf, taskSubject } from '../bus/topics.ts';
import { forEachBounded } from '../concurrency.ts';
import { toDatasetPlaces } from '../dataset/places.ts';
import { loadRecordSet } from '../dataset/record-set.ts';
import { readRecord } from '../dataset/records.ts';
import { publishResult } from '../jobs/results.ts';
import { isEnded } from '../jobs/state.ts';
import type { StoredJob } from '../jobs/stored-job.ts';
import type { Naming } from '../sources/naming.ts';
import { countSource, readSource, UnsortedSource } from '../sources/source.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseObjectUri } from '../uri.ts';
import type { DriveParts } from './parts.ts';
import { needsRecord, planAsset, withRecordedFailure } from './plan.ts';
import { checkDriver, type Progress } from './progress.ts';
import { createShare } from './queue.ts';

/** How often the count is saved while it goes on, so that clients see it. */
const SAVE_EVERY_MS = 1_000;
const PUBLISHES_AT_ONCE = 64;

/** Does the work of the PLANNING state: counts the assets in one pass over the source. */
export async function countAssets(parts: DriveParts, entry: StoredJob, signal: AbortSignal): Promise<StoredJob> {
  const { jobId } = entry.job;
  let unsorted = entry.unsorted;
  let total = 0;
  let saved = performance.now();
  const note = (state: JobState): Promise<StoredJob> =>
    parts.jobs.change(jobId, (current) => {
      checkDriver(current, entry.driverId);
      return withTotal(current, total, unsorted, state);
    });
  for (let done = false; !done; ) {
    try {
      for await (const sum of countSource(parts.source, { ...entry, unsorted }, signal)) {
        total = sum;
        if (performance.now() - saved < SAVE_EVERY_MS) continue;
        saved = performance.now();
        const current = await note(JobState.JOB_STATE_PLANNING);
        if (isEnded(current.job.state)) return current;
      }
      done = true;
    } catch (error) {
      if (!(error instanceof UnsortedSource) || unsorted) throw error;
      unsorted = true;
    }
  }
  return note(JobState.JOB_STATE_RUNNING);
}

function withTotal(entry: StoredJob, total: number, unsorted: boolean, state: JobState): StoredJob {
  const job = entry.job;
  const startTime = state === JobState.JOB_STATE_RUNNING ? new Date() : undefined;
  return { ...entry, unsorted, job: { ...job, state, startTime, counts: { ...job.counts, total: BigInt(total) } } };
}

/**
 * Walks the source once, from the cursor on: reuses recorded results, and queues the rest as fast as the queue has
 * room.
 */
export async function planSource(
  parts: DriveParts,
  entry: StoredJob,
  naming: Naming,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const job = entry.job;
  const records =
    job.outputUri === '' ? undefined : await loadRecordSet(parts.store, toDatasetPlaces(job.outputUri), signal);
  const subject = taskSubject(job.operation, laneOf(job), job.jobId);
  const share = createShare(parts, job);
  const at = { ...entry, cursor: progress.cursor, unsorted: progress.unsorted };
  for await (const { assets, cursor } of readSource(parts.source, at, Number(progress.plannedTotal), signal)) {
    signal.throwIfAborted();
    await forEachBounded(assets, PUBLISHES_AT_ONCE, async (asset) => {
      let step = planAsset(entry, parts.recipe, naming, records, asset);
      if (step.kind === 'reuse') {
        const result = await readReused(parts.store, step.result, signal);
        if (result) return publishResult(parts.bus, result);
        parts.log.warn({ record: step.result.recordUri }, 'record cannot be read: its asset is done again');
        step = planAsset(entry, parts.recipe, naming, undefined, asset);
      }
      if (step.kind === 'queue') {
        await share.take(signal);
        await parts.bus.publish(
          subject,
          JSON.stringify(Task.toJSON(step.task)),
          `${job.jobId}.${step.task.taskId}.${progress.generation}`,
        );
      }
    });
    progress.cursor = cursor;
    progress.plannedTotal += BigInt(assets.length);
  }
}

/** Returns the result that a record gives for this job; undefined if the record must be read and cannot be. */
async function readReused(
  store: ObjectStore,
  result: TaskResult,
  signal: AbortSignal,
): Promise<TaskResult | undefined> {
  if (!needsRecord(result)) return result;
  const record = await readRecord(store, parseObjectUri(result.recordUri, 'record_uri'), signal);
  return record && withRecordedFailure(result, record.result?.failure);
}
