import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import type { Jobs } from '../jobs/jobs.ts';

/** Reads jobs for many tasks at a time: one read of a job answers all callers within `freshMs`. */
export function shareReads({ read }: Pick<Jobs, 'read'>, freshMs: number): Pick<Jobs, 'read'> {
  const looks = new Map<string, { sinceMs: number; job: Promise<Job | undefined> }>();
  return {
    read(jobId) {
      const nowMs = performance.now();
      for (const [id, { sinceMs }] of looks) if (nowMs - sinceMs >= freshMs) looks.delete(id);
      const known = looks.get(jobId);
      if (known) return known.job;
      const look = { sinceMs: nowMs, job: read(jobId) };
      looks.set(jobId, look);
      // A failed read must not answer later callers. By now a newer read may be in its place.
      look.job.catch(() => looks.get(jobId) === look && looks.delete(jobId));
      return look.job;
    },
  };
}
