import { JobState } from '../../gen/cyclorama/job/v1/job.ts';

/** Whether a state is final. */
export function isEnded(state: JobState): boolean {
  return (
    state === JobState.JOB_STATE_SUCCEEDED ||
    state === JobState.JOB_STATE_CANCELLED ||
    state === JobState.JOB_STATE_FAILED
  );
}
