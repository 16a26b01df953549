import type { Job, TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import type { ListTaskResultsRequest } from '../../gen/cyclorama/job/v1/job_service.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { isEnded } from '../../services/kernel/jobs/state.ts';
import { pause } from '../../services/kernel/signal.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { createPatience, type Patience } from '../connect/patience.ts';

const PATIENCE_MS = 120_000;
const SHORTEST_POLL_MS = 100;
const LONGEST_POLL_MS = 1_000;
const PAGE_SIZE = 500;

/** Is called while a job is followed. */
export interface JobListener {
  onJob?(job: Job): void;
  /** Takes each result once, in the order in which they were done. Without it results are not read. */
  onResult?(result: TaskResult): void;
  /** Takes the error when a server does not answer and the call will be repeated. */
  onTrouble?(error: CycloramaError): void;
}

type FollowCalls = Pick<JobCalls, 'watch' | 'results'>;

/**
 * Follows a job to its end, through restarts of the servers, and returns it.
 * Counts come from WatchJob, results from ListTaskResults; after a failure both continue where they stopped.
 */
export async function followJob(
  calls: FollowCalls,
  jobId: string,
  listener: JobListener,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<Job> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const patience = (): Patience =>
    createPatience({ signal: both, patienceMs, onTrouble: (error) => listener.onTrouble?.(error) });
  try {
    const [job] = await Promise.all([
      watchToEnd(calls, jobId, listener, both, patience()),
      listener.onResult === undefined
        ? undefined
        : readResults(calls, resultsRequest(jobId), listener.onResult, both, patience()),
    ]);
    return job;
  } finally {
    stop.abort();
  }
}

/** Makes the first request for all results of a job. */
export function resultsRequest(jobId: string): ListTaskResultsRequest {
  return { jobId, outcomes: [], pageSize: PAGE_SIZE, pageToken: '', includeLog: false };
}

async function watchToEnd(
  calls: FollowCalls,
  jobId: string,
  listener: JobListener,
  signal: AbortSignal,
  patience: Patience,
): Promise<Job> {
  let afterRevision = 0n;
  for (;;) {
    try {
      for await (const { job } of calls.watch({ jobId, afterRevision }, signal)) {
        patience.afterSuccess();
        if (job === undefined) continue;
        afterRevision = job.revision;
        listener.onJob?.(job);
        if (isEnded(job.state)) return job;
      }
      // A server that shuts down closes the stream before the job ends.
      throw new CycloramaError('service_unavailable', `the server ended the watch of job '${jobId}' before its end`);
    } catch (error) {
      // The stream reached its deadline and is opened again. A deadline of the caller has the same reason.
      if (!signal.aborted && error instanceof CycloramaError && error.reason === 'deadline_exceeded') continue;
      await patience.afterFailure(error);
    }
  }
}

/** Reads every page up to the last. While the job runs there is always a next page, which may be empty. */
async function readResults(
  calls: FollowCalls,
  request: ListTaskResultsRequest,
  onResult: (result: TaskResult) => void,
  signal: AbortSignal,
  patience: Patience,
): Promise<void> {
  let pageToken = request.pageToken;
  let pollMs = SHORTEST_POLL_MS;
  for (;;) {
    try {
      const page = await calls.results({ ...request, pageToken }, signal);
      patience.afterSuccess();
      for (const result of page.results) onResult(result);
      if (page.nextPageToken === '') return;
      pageToken = page.nextPageToken;
      if (page.results.length > 0) pollMs = SHORTEST_POLL_MS;
      else {
        await pause(pollMs, signal);
        pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS);
      }
      signal.throwIfAborted();
    } catch (error) {
      await patience.afterFailure(error);
    }
  }
}
