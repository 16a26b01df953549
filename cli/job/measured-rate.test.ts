import { expect, test } from 'vitest';
import { Job, JobClass, JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import { rateOf } from './measured-rate.ts';
import { planLines } from './plan.ts';

function job(succeeded: bigint, reused: bigint, seconds: number, jobClass: JobClass = JobClass.JOB_CLASS_BATCH): Job {
  return Job.fromPartial({
    jobClass,
    counts: { total: succeeded, succeeded, reused },
    startTime: new Date(0),
    endTime: new Date(seconds * 1000),
  });
}

const plan = JobPlan.fromPartial({
  counts: { total: 100n, succeeded: 38n, failed: 2n, reused: 40n },
  totalBytes: 5_000_000n,
  pendingBytes: 3_000_000n,
});

test('the rate is that of the work of recent jobs, what they reused left out', () => {
  expect(rateOf([job(100n, 0n, 10), job(150n, 50n, 40)])).toEqual({ perSecond: 4, jobs: 2 });
});

test('at most the ten newest jobs that did any work are judged by', () => {
  const jobs = [job(5n, 5n, 1), ...Array.from({ length: 10 }, () => job(10n, 0n, 1)), job(1n, 0n, 1_000)];
  expect(rateOf(jobs)).toEqual({ perSecond: 10, jobs: 10 });
});

test.each<[string, Job[]]>([
  ['no job', []],
  ['a job that reused all', [job(5n, 5n, 1)]],
  ['calls of a single asset', [job(1n, 0n, 1, JobClass.JOB_CLASS_INTERACTIVE)]],
  ['a job without times', [Job.fromPartial({ jobClass: JobClass.JOB_CLASS_BATCH, counts: { succeeded: 3n } })]],
])('%s gives no rate', (_, jobs) => {
  expect(rateOf(jobs)).toBeUndefined();
});

test('a plan tells assets, bytes, what is done, and how long the rest may take', () => {
  expect(planLines(plan, { perSecond: 0.5, jobs: 3 })).toEqual([
    'assets          100 (5.0 MB)',
    'already done    40, 2 errors among them',
    'to do           60 (3.0 MB)',
    'estimated time  2:00 (0.5 assets/s, measured in 3 jobs)',
    '[DRY RUN] Nothing was started.',
  ]);
});

test('a plan without a rate says so, one without work has no time', () => {
  expect(planLines(plan, undefined)[3]).toBe('estimated time  no rate measured yet');
  const done = JobPlan.fromPartial({ counts: { total: 3n, succeeded: 3n, reused: 3n } });
  expect(planLines(done, undefined)[3]).toBe('estimated time  none, nothing is left to do');
});
