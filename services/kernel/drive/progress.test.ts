import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobEntry } from '../../../gen/cyclorama/job/v1/task.ts';
import { toStoredJob } from '../jobs/stored-job.ts';
import { foldResult, type Progress, planAgain, startProgress } from './progress.ts';

const RESULT = TaskResult.fromPartial({ jobId: 'job', taskId: 'task', outcome: Outcome.OUTCOME_SUCCEEDED });

function progressOf(entry: Partial<JobEntry>): Progress {
  const job = Job.fromPartial({ jobId: 'job' });
  return startProgress(toStoredJob({ ...JobEntry.fromPartial({ generation: 1 }), job, ...entry }));
}

function planTimes(progress: Progress, times: number): void {
  for (let n = 0; n < times; n++) planAgain(progress);
}

describe('planning again', () => {
  test('begins at the start of the source, as another generation', () => {
    const progress = progressOf({ planned: true, cursor: 'm/7.glb', plannedTotal: 7n });
    planAgain(progress);
    expect(progress).toMatchObject({ planned: false, cursor: '', plannedTotal: 0n, generation: 2 });
  });

  test('is given up after 50 rounds in a row that brought no result', () => {
    const progress = progressOf({ resultGeneration: 1 });
    planTimes(progress, 50);
    expect(() => planAgain(progress)).toThrow(/results are missing after 50 rounds of planning without a new one/);
  });

  test('goes on in a long job, where a result came between the rounds', () => {
    const progress = progressOf({ resultGeneration: 1 });
    for (let sequence = 1n; sequence <= 5n; sequence++) {
      planTimes(progress, 40);
      foldResult(progress, sequence, RESULT);
    }
    expect(progress).toMatchObject({ generation: 201, resultGeneration: 201, foldedSequence: 5n });
    expect(progress.counts.succeeded).toBe(5n);
  });

  test('counts the rounds of the drivers before', () => {
    const progress = progressOf({ generation: 60, resultGeneration: 10 });
    expect(() => planAgain(progress)).toThrow(/after 50 rounds/);
  });
});
