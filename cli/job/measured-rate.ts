import { type Job, JobClass, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { doneCount } from './text.ts';

/** Jobs to look at, and of those that did any work at most so many to judge by. */
const LOOKED_AT = 100;
const JUDGED_BY = 10;

/** How fast recent jobs went. */
export interface MeasuredRate {
  perSecond: number;
  /** How many jobs that was measured in. */
  jobs: number;
}

/** Asks for the newest jobs of an operation and tells how fast they went; undefined where none did any work yet. */
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
 * Assets a second over the newest jobs, from their counts and times; what they reused took no time and is left out.
 * `weights` says how many assets each asset of a job counts for; without it one.
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
