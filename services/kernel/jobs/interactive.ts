import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import type { Bus } from '../bus/types.ts';
import { readWholeRecord } from '../dataset/records.ts';
import { CycloramaError, fromFailure } from '../failure.ts';
import type { CallContext } from '../rpc/types.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseObjectUri } from '../uri.ts';
import type { JobDraft, Jobs } from './jobs.ts';
import { readResults } from './results.ts';
import { isEnded } from './state.ts';
import type { Workers } from './workers.ts';

/** Outcomes that a call answers with; every other one is its error. */
const ANSWERS: Outcome[] = [Outcome.OUTCOME_SUCCEEDED, Outcome.OUTCOME_SKIPPED];

/** The answer of a job of one asset that ran inside a call: the asset succeeded, or the operation skipped it. */
export interface Answer {
  job: Job;
  result: TaskResult;
  /** The operation's whole answer as protobuf JSON of its report message. */
  report: { [field: string]: unknown };
}

/**
 * Creates a job of one asset and waits for its result; throws the asset's failure. Cancels the job when the call ends
 * early.
 */
export type RunInteractive = (draft: JobDraft, context: CallContext) => Promise<Answer>;

/** The jobs, results and workers that a synchronous call needs. */
export interface InteractiveParts {
  bus: Bus;
  jobs: Jobs;
  store: ObjectStore;
  workers: Workers;
}

/** Makes the function that runs every synchronous call. */
export function createInteractive({ bus, jobs, store, workers }: InteractiveParts): RunInteractive {
  return async (draft, { signal, log }) => {
    if ((await workers.live(draft.operation)).length === 0) {
      throw new CycloramaError(
        'no_workers',
        `no live worker takes tasks of '${draft.operation}'; start one (services/worker)`,
      );
    }
    const job = await jobs.create(draft, signal);
    try {
      const result = await waitForResult(bus, jobs, job.jobId, signal);
      if (!ANSWERS.includes(result.outcome)) throw fromFailure(await wholeFailure(store, result, signal));
      return { job, ...(await readAnswer(store, result, signal)) };
    } catch (error) {
      if (signal.aborted)
        await jobs
          .cancel(job.jobId)
          .catch((cause: Error) =>
            log.warn({ job: job.jobId, error: cause.message }, 'job of an ended call not cancelled'),
          );
      throw error;
    }
  };
}

async function waitForResult(bus: Bus, jobs: Jobs, jobId: string, signal: AbortSignal): Promise<TaskResult> {
  const results = readResults(bus, jobId, 0n);
  try {
    for (;;) {
      signal.throwIfAborted();
      const [first] = await results.next(1, 2_000, signal);
      if (first) return first.result;
      const job = await jobs.get(jobId);
      if (isEnded(job.state) && job.counts?.succeeded === 0n && job.counts.failed === 0n && job.counts.skipped === 0n) {
        if (job.failure) throw fromFailure(job.failure);
        throw new CycloramaError('cancelled', `job '${jobId}' was cancelled`);
      }
    }
  } finally {
    await results.close();
  }
}

/** Adds the log tail to a failure, which only the record has. */
async function wholeFailure(
  store: ObjectStore,
  result: TaskResult,
  signal: AbortSignal,
): Promise<NonNullable<TaskResult['failure']>> {
  const record =
    result.recordUri === ''
      ? undefined
      : await readWholeRecord(store, parseObjectUri(result.recordUri, 'record_uri'), signal);
  return (
    record?.result?.failure ??
    result.failure ?? {
      reason: 'internal',
      message: 'no reason was recorded',
      stage: '',
      exitCode: undefined,
      signal: '',
      logTail: [],
    }
  );
}

/** Returns the result with its outputs and the report. If the result is reused, only the record has them. */
async function readAnswer(
  store: ObjectStore,
  result: TaskResult,
  signal: AbortSignal,
): Promise<Pick<Answer, 'result' | 'report'>> {
  if (result.recordUri === '') return { result, report: (result.detail?.report ?? {}) as Answer['report'] };
  const record = await readWholeRecord(store, parseObjectUri(result.recordUri, 'record_uri'), signal);
  return {
    result: { ...result, outputs: record?.result?.outputs ?? result.outputs },
    report: record?.report ?? {},
  };
}
