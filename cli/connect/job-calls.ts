import type {
  CancelJobResponse,
  GetJobResponse,
  JobServiceClient,
  ListJobsRequest,
  ListJobsResponse,
  ListTaskResultsRequest,
  ListTaskResultsResponse,
  ResumeJobsResponse,
  RetryJobRequest,
  RetryJobResponse,
  WatchJobRequest,
  WatchJobResponse,
} from '../../gen/cyclorama/job/v1/job_service.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { type CallLimits, callStream, callUnary } from '../../services/kernel/rpc/client.ts';

const CALL_TIMEOUT_MS = 60_000;
/** A watch is opened again after this time, because servers and proxies close old streams. */
const WATCH_TIMEOUT_MS = 300_000;

/** The job service as commands use it. */
export interface JobCalls {
  get(jobId: string, signal: AbortSignal): Promise<GetJobResponse>;
  list(request: ListJobsRequest, signal: AbortSignal): Promise<ListJobsResponse>;
  watch(request: WatchJobRequest, signal: AbortSignal): AsyncIterable<WatchJobResponse>;
  cancel(jobId: string, signal: AbortSignal): Promise<CancelJobResponse>;
  retry(request: RetryJobRequest, signal: AbortSignal): Promise<RetryJobResponse>;
  resume(outputUri: string, signal: AbortSignal): Promise<ResumeJobsResponse>;
  results(request: ListTaskResultsRequest, signal: AbortSignal): Promise<ListTaskResultsResponse>;
}

/** Creates the calls over a client of the job service. */
export function createJobCalls(client: JobServiceClient): JobCalls {
  return {
    get: (jobId, signal) => callUnary(client, client.getJob, { jobId }, within(signal)),
    list: (request, signal) => callUnary(client, client.listJobs, request, within(signal)),
    watch: (request, signal) => callStream(client, client.watchJob, request, within(signal, WATCH_TIMEOUT_MS)),
    cancel: (jobId, signal) => callUnary(client, client.cancelJob, { jobId }, within(signal)),
    retry: (request, signal) => callUnary(client, client.retryJob, request, within(signal)),
    resume: (outputUri, signal) => callUnary(client, client.resumeJobs, { outputUri }, within(signal)),
    results: (request, signal) => callUnary(client, client.listTaskResults, request, within(signal)),
  };
}

/** Makes the limits of a call that starts now. */
export function within(signal: AbortSignal, timeoutMs = CALL_TIMEOUT_MS): CallLimits {
  return { signal, deadlineMs: Date.now() + timeoutMs };
}

/** Returns the job id that a word names; `latest` names the newest job. */
export async function resolveJobId(calls: Pick<JobCalls, 'list'>, word: string, signal: AbortSignal): Promise<string> {
  if (word !== 'latest') return word;
  const { jobs } = await calls.list({ pageSize: 1, pageToken: '', states: [], operation: '' }, signal);
  const newest = jobs[0];
  if (newest === undefined) throw new CycloramaError('job_not_found', 'there is no job yet, so there is no latest one');
  return newest.jobId;
}
