import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type JobCounts, JobState } from '../../../gen/cyclorama/job/v1/job.ts';

/** Returns whether a state is final. */
export function isEnded(state: JobState): boolean {
  return (
    state === JobState.JOB_STATE_SUCCEEDED ||
    state === JobState.JOB_STATE_CANCELLED ||
    state === JobState.JOB_STATE_FAILED
  );
}

/** Adds one result to the counts of a job. */
export function countResult(counts: JobCounts, outcome: Outcome, reused: boolean): void {
  if (outcome === Outcome.OUTCOME_SUCCEEDED) counts.succeeded++;
  else if (outcome === Outcome.OUTCOME_FAILED) counts.failed++;
  else counts.skipped++;
  if (reused) counts.reused++;
}
