import { type Job, JobClass, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { doneCount } from './text.ts';

/** Newest jobs to read, and the most of them to measure by. */
const LOOKED_AT = 100;
const JUDGED_BY = 10;

/** Speed of recent jobs. */
export interface MeasuredRate {
  perSecond: number;
  /** Number of jobs that this was measured in. */
  jobs: number;
}

/** Measures the speed of the newest jobs of an operation; undefined if none did any work yet. */
export async function measureRate(
  calls: Pick<JobCalls, 'list'>,
  operation: string,
  signal: AbortSignal,
): Promise<MeasuredRate | undefined> {
  const states = [JobState.JOB_STATE_SUCCEEDED];
  const { jobs } = await calls.list({ pageSize: LOOKED_AT, pageToken: '', states, operation }, signal);
  return rateOf(jobs);
}

/**
 * Computes assets a second over the newest jobs from their counts and times, without the assets that they reused.
 * `weights` has a factor for the assets of each job; without it the factor is 1.
 */
export function rateOf(jobs: Job[], weights: number[] = []): MeasuredRate | undefined {
  const measured = jobs
    .map((job, i) => ({ job, weight: weights[i] ?? 1 }))
    .filter(({ job }) => job.jobClass === JobClass.JOB_CLASS_BATCH)
    .map(({ job, weight }) => ({
      worked: Number(doneCount(job) - (job.counts?.reused ?? 0n)) * weight,
      seconds: secondsOf(job),
    }))
    .filter(({ worked, seconds }) => worked > 0 && seconds > 0)
    .slice(0, JUDGED_BY);
  if (measured.length === 0) return undefined;
  const sum = (field: 'worked' | 'seconds'): number => measured.reduce((total, job) => total + job[field], 0);
  return { perSecond: sum('worked') / sum('seconds'), jobs: measured.length };
}

function secondsOf({ startTime, endTime }: Job): number {
  return startTime === undefined || endTime === undefined ? 0 : (endTime.getTime() - startTime.getTime()) / 1000;
}
