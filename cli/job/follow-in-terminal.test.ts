import { describe, expect, test } from 'vitest';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { exitCodeOfJob } from './follow-in-terminal.ts';

describe('exit status', () => {
  test.each([
    [JobState.JOB_STATE_SUCCEEDED, 0n, true, 0],
    [JobState.JOB_STATE_SUCCEEDED, 2n, false, 0],
    [JobState.JOB_STATE_SUCCEEDED, 2n, true, 4],
    [JobState.JOB_STATE_FAILED, 0n, false, 1],
    [JobState.JOB_STATE_CANCELLED, 0n, false, 1],
  ])('of a job in state %i with %i failures, --fail-on-error %s, is %i', (state, failed, failOnError, code) => {
    const counts = { total: 5n, succeeded: 5n - failed, failed, skipped: 0n, cancelled: 0n, reused: 0n };
    expect(exitCodeOfJob({ state, counts }, failOnError)).toBe(code);
  });
});
