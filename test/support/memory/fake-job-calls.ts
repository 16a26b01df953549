import { Job, type JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import type {
  ListTaskResultsRequest,
  ListTaskResultsResponse,
  WatchJobRequest,
  WatchJobResponse,
} from '../../../gen/cyclorama/job/v1/job_service.ts';

/** The staged result of a call: an answer, or an error to throw. */
export type Staged<Answer> = Answer | Error;

/** Makes a job service that gives staged answers in order and records its requests. */
export function fakeJobCalls(staged: {
  /** One list per watch; a watch breaks if its last entry is an error. */
  watches: Staged<WatchJobResponse>[][];
  pages: Staged<ListTaskResultsResponse>[];
}) {
  const watchRequests: WatchJobRequest[] = [];
  const pageRequests: ListTaskResultsRequest[] = [];
  const watches = [...staged.watches];
  const pages = [...staged.pages];
  return {
    watchRequests,
    pageRequests,
    async *watch(request: WatchJobRequest, signal: AbortSignal): AsyncGenerator<WatchJobResponse> {
      watchRequests.push(request);
      const answers = watches.shift();
      if (answers === undefined) await untilAborted(signal);
      for (const answer of answers ?? []) {
        if (answer instanceof Error) throw answer;
        yield answer;
      }
    },
    async results(request: ListTaskResultsRequest, signal: AbortSignal): Promise<ListTaskResultsResponse> {
      pageRequests.push(request);
      const page = pages.shift();
      if (page === undefined) return untilAborted(signal);
      if (page instanceof Error) throw page;
      return page;
    },
  };
}

/** Makes a change of a job, as WatchJob reports it. */
export function change(state: JobState, revision: bigint): WatchJobResponse {
  return { job: Job.fromPartial({ jobId: 'j', state, revision }) };
}

/** Makes a page of results with these task ids. */
export function page(taskIds: string[], nextPageToken: string): ListTaskResultsResponse {
  return { results: taskIds.map((taskId) => TaskResult.fromPartial({ jobId: 'j', taskId })), nextPageToken };
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
