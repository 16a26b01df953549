import { type Job, JobState, type TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { countResult } from '../jobs/state.ts';
import type { StoredJob } from '../jobs/stored-job.ts';

/** Rounds of planning in a row without a new result before a job is given up. */
const MAX_FRUITLESS_ROUNDS = 50;

/** Says that another driver has taken the job over. */
class Superseded extends Error {}

/** The fields of an entry that a drive moves forward, saved together. */
export type Progress = Pick<
  StoredJob,
  'cursor' | 'planned' | 'plannedTotal' | 'generation' | 'resultGeneration' | 'foldedSequence' | 'unsorted'
> & {
  counts: NonNullable<Job['counts']>;
};

/** Returns the progress from which a drive goes on with a job. */
export function startProgress(entry: StoredJob): Progress {
  const { planned, generation, resultGeneration, foldedSequence, unsorted, job } = entry;
  // A source without key order cannot be read from the middle on: a new driver reads it from the start.
  const { cursor, plannedTotal } = unsorted && !planned ? { cursor: '', plannedTotal: 0n } : entry;
  const counts = { ...job.counts };
  return { cursor, planned, plannedTotal, generation, resultGeneration, foldedSequence, unsorted, counts };
}

/** Takes one result into the counts. */
export function foldResult(progress: Progress, sequence: bigint, { outcome, reused }: TaskResult): void {
  countResult(progress.counts, outcome, reused);
  progress.foldedSequence = sequence;
  progress.resultGeneration = progress.generation;
}

/**
 * Sets a progress back to the start of the source; throws after 50 rounds of planning in a row that brought no result.
 */
export function planAgain(progress: Progress): void {
  if (progress.generation - progress.resultGeneration >= MAX_FRUITLESS_ROUNDS)
    throw new Error(`results are missing after ${MAX_FRUITLESS_ROUNDS} rounds of planning without a new one`);
  Object.assign(progress, { planned: false, cursor: '', plannedTotal: 0n, generation: progress.generation + 1 });
}

/** Returns whether every asset of the source has its result. */
export function isComplete({ planned, plannedTotal, counts: { succeeded, failed, skipped } }: Progress): boolean {
  return planned && succeeded + failed + skipped >= plannedTotal;
}

/** Puts a drive's progress into the entry; returns undefined if nothing moved, so that idle jobs cause no writes. */
export function applyProgress(
  entry: StoredJob,
  { counts, ...rest }: Progress,
  complete: boolean,
  warnings: string[],
): StoredJob | undefined {
  const job = entry.job;
  const total = rest.planned || rest.plannedTotal > job.counts.total ? rest.plannedTotal : job.counts.total;
  const moved =
    rest.foldedSequence !== entry.foldedSequence ||
    rest.cursor !== entry.cursor ||
    rest.planned !== entry.planned ||
    rest.generation !== entry.generation ||
    warnings.join() !== job.warnings.join();
  if (!moved && !complete && total === job.counts.total) return undefined;
  const ending = complete ? { state: JobState.JOB_STATE_SUCCEEDED, endTime: new Date() } : {};
  return { ...entry, ...rest, job: { ...job, counts: { ...counts, total }, warnings, ...ending } };
}

/** Throws if another driver has claimed the job. */
export function checkDriver({ driverId, job }: StoredJob, own: string): void {
  if (driverId !== own) throw new Superseded(`job '${job.jobId}' is driven by '${driverId}' now`);
}

/** Returns whether a drive ended because another driver took over. */
export function isSuperseded(error: unknown): boolean {
  return error instanceof Superseded;
}
