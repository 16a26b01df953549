import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobServiceService } from '../../../gen/cyclorama/job/v1/job_service.ts';
import type { Bus } from '../bus/types.ts';
import { readRecord } from '../dataset/records.ts';
import { type FieldViolation, invalidRequest } from '../failure.ts';
import { eachNamed } from '../fields.ts';
import { formatToken, pageSizeOf, parseToken } from '../page-token.ts';
import { bindService, type RpcService } from '../rpc/service.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseObjectUri } from '../uri.ts';
import { isJobId } from './id.ts';
import type { Jobs } from './jobs.ts';
import { countOfResults, readResults, resultsGone } from './results.ts';
import { isEnded } from './state.ts';

const MAX_PAGE = 1_000;
const MAX_PAGE_WITH_LOG = 50;
/** Bytes of the results on a page, logs included. One more result still fits into a message of gRPC (4 MiB). */
const MAX_PAGE_BYTES = 3 * 1024 ** 2;
/** Results that are read at a time, so that few are read again after a page that bytes have filled. */
const READ_AT_ONCE = 50;
/** One page of results skips at most this many results that do not match. */
const MAX_LOOKED_AT = 10_000;

/** The jobs and stores behind the job service. */
export interface JobServiceParts {
  jobs: Jobs;
  bus: Pick<Bus, 'reader'>;
  store: ObjectStore;
}

/** Makes the RPCs that follow and control jobs. They are the same on every server. */
export function jobService({ jobs, bus, store }: JobServiceParts): RpcService {
  return bindService(JobServiceService, {
    async getJob({ jobId }) {
      return { job: await jobs.get(required(jobId)) };
    },

    async listJobs({ pageSize, pageToken, states, operation }) {
      checkList(pageSize, eachNamed('states', states, JobState));
      const requestKey = JSON.stringify(['listJobs', states, operation]);
      const all = (await jobs.all()).filter(
        (job) =>
          (states.length === 0 || states.includes(job.state)) && (operation === '' || job.operation === operation),
      );
      all.sort((a, b) => (newestFirst(a) < newestFirst(b) ? -1 : 1));
      const after = pageToken === '' ? '' : String(parseToken(pageToken, requestKey)[0]);
      const rest = all.filter((job) => newestFirst(job) > after);
      const page = rest.slice(0, pageSizeOf(pageSize, 50, MAX_PAGE));
      const nextPageToken = page.length < rest.length ? formatToken([newestFirst(page.at(-1)!)], requestKey) : '';
      return { jobs: page, nextPageToken };
    },

    async *watchJob({ jobId, afterRevision }, { signal }) {
      for await (const job of jobs.watch(required(jobId), signal)) {
        if (job.revision !== afterRevision || isEnded(job.state)) yield { job };
      }
    },

    async cancelJob({ jobId }) {
      return { job: await jobs.cancel(required(jobId)) };
    },

    async retryJob({ jobId, requestId }, { traceId }) {
      return { job: await jobs.retry(required(jobId), requestId, traceId) };
    },

    async resumeJobs({ outputUri }, { signal }) {
      return { jobs: await jobs.resume(outputUri, signal) };
    },

    async listTaskResults({ jobId, outcomes, pageSize, pageToken, includeLog }, { signal }) {
      checkList(pageSize, eachNamed('outcomes', outcomes, Outcome));
      const requestKey = JSON.stringify(['listTaskResults', jobId, outcomes, includeLog]);
      const [after, before] = pageToken === '' ? [0, 0] : parseToken(pageToken, requestKey);
      // The job is read before its results: if it had ended by then, no result comes later.
      const job = await jobs.get(required(jobId));
      const wanted = pageSizeOf(pageSize, 100, includeLog ? MAX_PAGE_WITH_LOG : MAX_PAGE);
      const complete = (result: TaskResult) => (includeLog ? withLog(store, result, signal) : result);
      const query = { jobId, after: BigInt(String(after)), outcomes, wanted };
      const { results, last, lookedAt, drained } = await readPage(bus, query, complete, signal);
      const seen = Number(before) + lookedAt;
      const lacking = seen < countOfResults(job);
      const over = drained && isEnded(job.state);
      if (over && lacking && results.length === 0) throw resultsGone(job);
      const nextPageToken = over && !lacking ? '' : formatToken([String(last), seen], requestKey);
      return { results, nextPageToken };
    },
  });
}

/**
 * Reads results after a sequence until a page is full, by number or by bytes, or no more are there. `complete` adds the
 * parts of a result that only its record has; they count as bytes of the page.
 */
async function readPage(
  bus: Pick<Bus, 'reader'>,
  { jobId, after, outcomes, wanted }: { jobId: string; after: bigint; outcomes: Outcome[]; wanted: number },
  complete: (result: TaskResult) => TaskResult | Promise<TaskResult>,
  signal: AbortSignal,
) {
  const results: TaskResult[] = [];
  let last = after;
  let lookedAt = 0;
  let bytes = 0;
  const reader = readResults(bus, jobId, after);
  try {
    while (results.length < wanted && lookedAt < MAX_LOOKED_AT) {
      const batch = await reader.next(Math.min(wanted - results.length, READ_AT_ONCE), 0, signal);
      if (batch.length === 0) return { results, last, lookedAt, drained: true };
      const isWanted = ({ outcome }: TaskResult): boolean => outcomes.length === 0 || outcomes.includes(outcome);
      const whole = await Promise.all(batch.map(({ result }) => (isWanted(result) ? complete(result) : undefined)));
      for (const [index, { sequence }] of batch.entries()) {
        const result = whole[index];
        if (result) {
          bytes += TaskResult.encode(result).finish().length;
          // The first result goes out whatever its size, so that every page brings the reader on.
          if (bytes > MAX_PAGE_BYTES && results.length > 0) return { results, last, lookedAt, drained: false };
          results.push(result);
        }
        lookedAt += 1;
        last = sequence;
      }
    }
    return { results, last, lookedAt, drained: false };
  } finally {
    await reader.close();
  }
}

async function withLog(store: ObjectStore, result: TaskResult, signal: AbortSignal): Promise<TaskResult> {
  if (!result.failure || result.recordUri === '') return result;
  const record = await readRecord(store, parseObjectUri(result.recordUri, 'record_uri'), signal);
  return { ...result, failure: record?.result?.failure ?? result.failure };
}

/** Sorts the newest job first; the id makes the order total. */
function newestFirst({ createTime, jobId }: Job): string {
  return `${String(Number.MAX_SAFE_INTEGER - (createTime?.getTime() ?? 0)).padStart(16, '0')} ${jobId}`;
}

function required(jobId: string): string {
  if (!isJobId(jobId)) {
    throw invalidRequest({ field: 'job_id', description: `'${jobId}' is no job id; expected 32 hex digits` });
  }
  return jobId;
}

function checkList(pageSize: number, violations: FieldViolation[]): void {
  if (pageSize < 0)
    violations.push({ field: 'page_size', description: `is ${pageSize}; expected 0 (the default) or more` });
  if (violations.length > 0) throw invalidRequest(...violations);
}
