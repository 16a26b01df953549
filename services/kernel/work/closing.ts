import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { closeDataset } from '../dataset/close.ts';
import { CycloramaError, shouldRetry, toCycloramaError, toFailure } from '../failure.ts';
import { publishResult } from '../jobs/results.ts';
import type { Log } from '../process/log.ts';
import type { AttemptParts } from './attempt.ts';
import type { Ledger, StartDecision } from './ledger.ts';

/** The parts that a closing task needs besides those of every attempt. */
export interface ClosingTaskParts {
  ledger: Pick<Ledger, 'charge'>;
  /** Reads the current state of a job. */
  readJobNow: (jobId: string) => Promise<Job | undefined>;
  log: Log;
}

/**
 * Closes the dataset of a job and publishes the result; throws if the task must be handed back. Running it twice does
 * no harm.
 */
export async function runClosing(
  { ledger, readJobNow, log }: ClosingTaskParts,
  attempt: AttemptParts,
  decision: StartDecision,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { bus, store, task, operation, version, folder, timed, stageSeconds, workerId } = attempt;
  const publish = async (change: Partial<TaskResult>): Promise<TaskResult> => {
    const { jobId, taskId } = task;
    const facts = { jobId, taskId, workerId, attempt: attempt.attempt, endTime: new Date(), stageSeconds };
    const result = TaskResult.fromPartial({ ...facts, ...change });
    await publishResult(bus, result);
    return result;
  };
  const fail = (error: CycloramaError): Promise<TaskResult> => {
    log.warn({ reason: error.reason, error: error.message, stack: error.stack }, 'dataset not closed');
    return publish({ outcome: Outcome.OUTCOME_FAILED, failure: toFailure(error) });
  };
  if (decision.kind === 'quarantine') return fail(decision.error);
  const readJob = async (): Promise<Job> => {
    const job = await readJobNow(task.jobId);
    if (!job) throw new CycloramaError('job_not_found', `job '${task.jobId}' is not known any more`);
    return job;
  };
  try {
    const where = { outputUri: task.outputUri, outputsBesideAssets: task.outputsBesideAsset };
    const parts = { store, operation, version, folder: folder.output, readJob, log };
    const { warnings, ...detail } = await timed('close', () => closeDataset(parts, where, signal));
    log.info(detail, 'dataset closed');
    return await publish({ outcome: Outcome.OUTCOME_SUCCEEDED, detail, warnings });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = toCycloramaError(thrown);
    if (!shouldRetry(error, 'closing')) return fail(error);
    if (error.handling === 'suspect') await ledger.charge(task, error);
    throw error;
  }
}
