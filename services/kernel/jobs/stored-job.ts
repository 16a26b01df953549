import { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobCounts } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobEntry } from '../../../gen/cyclorama/job/v1/task.ts';

/** A job as the key-value store and its output place hold it. Every stored job has its source and its counts. */
export type StoredJob = JobEntry & { job: Job & { source: AssetSource; counts: JobCounts } };

/** Reads a stored job from its JSON; throws if it holds no job. */
export function parseStoredJob(text: string): StoredJob {
  return toStoredJob(JobEntry.fromJSON(JSON.parse(text)));
}

/** Writes a stored job as JSON. */
export function printStoredJob(stored: StoredJob, indent?: number): string {
  return JSON.stringify(JobEntry.toJSON(stored), undefined, indent);
}

/** Checks that an entry has a job, and adds counts and a source if they are missing; a missing source has no kind. */
export function toStoredJob(entry: JobEntry): StoredJob {
  const { job } = entry;
  if (!job?.jobId) throw new Error('the entry holds no job; expected one with a job_id');
  const { source = AssetSource.fromPartial({}), counts = JobCounts.fromPartial({}) } = job;
  return { ...entry, job: { ...job, source, counts } };
}
