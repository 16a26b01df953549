import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import type { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { parseTask, readOrDrop } from '../bus/messages.ts';
import type { Delivery } from '../bus/types.ts';
import { outcomeWord, RECORD_OUTCOMES } from '../dataset/places.ts';
import { CycloramaError, shouldRetry, toCycloramaError } from '../failure.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { publishResult } from '../jobs/results.ts';
import { isEnded } from '../jobs/state.ts';
import type { Log } from '../process/log.ts';
import type { Metrics } from '../process/metrics.ts';
import { type Grace, pause, withGrace } from '../signal.ts';
import { type AttemptParts, type CommitFacts, commit, findCommitted, readExisting } from './attempt.ts';
import { runClosing } from './closing.ts';
import type { Ledger, StartDecision } from './ledger.ts';
import type { Operation, Product } from './operation.ts';
import { produce } from './produce.ts';
import { blameFullDisk } from './scratch.ts';

/**
 * How often a running task checks whether its job was cancelled, so that a cancellation takes effect within ten
 * seconds.
 */
const CANCEL_CHECK_MS = 3_000;
/** The time for uploads and the commit. A drain lets them finish if the store answers. */
const COMMIT_TIME: Grace = {
  limitMs: 300_000,
  graceMs: 10_000,
  late: () => new CycloramaError('store_unavailable', 'outputs and record did not get into the store in time'),
};
/** A task that this worker cannot take now comes again after this time. */
const NOT_NOW_MS = 15_000;
/** After an infrastructure failure the task comes again after this time, which doubles with each delivery. */
const HAND_BACK_MS = 1_000;
const MAX_HAND_BACK_MS = 60_000;

/** Everything that running tasks needs: where jobs and charges are kept, and how an attempt is set up. */
export interface TaskLoopParts {
  operations: ReadonlyMap<string, Operation>;
  jobs: Pick<Jobs, 'read'>;
  /** Reads a job as it is now; `jobs.read` may be a second late. */
  readJobNow: Jobs['read'];
  /** The tasks that this worker has in hand just now. */
  inHand: Set<string>;
  ledger: Ledger;
  othersLive: (operation: string) => Promise<boolean>;
  metrics: Pick<Metrics, 'tasksTotal' | 'taskStageSeconds' | 'framesRendered'>;
  ackWaitMs: number;
  /** Runs `work` with everything that an attempt needs, including its scratch folder. */
  withAttempt: <T>(
    task: Task,
    decision: StartDecision,
    signal: AbortSignal,
    work: (parts: AttemptParts) => Promise<T>,
  ) => Promise<T>;
  log: Log;
}

/** The reason to stop a running task: its job has ended, so nobody wants the result. */
class Unwanted extends Error {}

/** Answers one delivery: acks it after the commit or if its job has ended, and hands it back otherwise. */
export async function runDelivery(parts: TaskLoopParts, delivery: Delivery, drain: AbortSignal): Promise<void> {
  const task = await readOrDrop(parseTask, delivery, parts.log);
  if (!task) return;
  const name = `${task.jobId}.${task.taskId}`;
  // NATS was away for longer than its ack wait and delivers again. A second attempt here would look as if a worker
  // vanished.
  if (parts.inHand.has(name)) return delivery.handBack(NOT_NOW_MS);
  parts.inHand.add(name);
  const log = parts.log.child({ job: task.jobId, task: task.taskId, asset: task.asset?.uri, trace: task.traceId });
  const watch = new AbortController();
  const heartbeat = setInterval(() => delivery.working(), parts.ackWaitMs / 3);
  const signal = AbortSignal.any([drain, watch.signal]);
  const watching = watchJob(parts, task, watch, log);
  try {
    await settle({ ...parts, log }, delivery, task, signal);
  } catch (thrown) {
    if (watch.signal.reason instanceof Unwanted) await drop(parts, delivery, task, log);
    else await handBack({ ...parts, log }, delivery, task, toCycloramaError(thrown), drain);
  } finally {
    clearInterval(heartbeat);
    parts.inHand.delete(name);
    watch.abort();
    await watching;
  }
}

/** Commits the task and acks it; throws if it must be handed back. */
async function settle(parts: TaskLoopParts, delivery: Delivery, task: Task, signal: AbortSignal): Promise<void> {
  const { log } = parts;
  const job = await parts.jobs.read(task.jobId);
  if (!job || isEnded(job.state)) {
    log.info('task of an ended job dropped');
    return delivery.ack();
  }
  if (!parts.operations.has(task.operation)) return delivery.handBack(NOT_NOW_MS);
  const decision = await parts.ledger.begin(task, () => parts.othersLive(task.operation));
  if (decision.kind === 'elsewhere') return delivery.handBack(decision.delayMs);
  // A closing task needs no Blender, but it may need more memory than a worker has; then the lost worker is charged to
  // it.
  if (task.closing) await parts.ledger.working(task);
  const run = task.closing ? runClosing : runAttempt;
  const result = await parts.withAttempt(task, decision, signal, (attempt) => run(parts, attempt, decision, signal));
  // The record is there: if one of the two gets lost, the task comes again and finds it.
  await Promise.all([delivery.ack(), parts.ledger.done(task)]);
  const outcome = outcomeWord(result.outcome);
  if (!task.closing)
    parts.metrics.tasksTotal.inc({ queue: task.operation, outcome, reason: result.failure?.reason ?? '' });
  log.info(
    {
      attempt: result.attempt,
      outcome,
      reused: result.reused,
      reason: result.failure?.reason,
      seconds: result.stageSeconds,
    },
    'task committed',
  );
}

async function runAttempt(
  parts: TaskLoopParts,
  attempt: AttemptParts,
  decision: StartDecision,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { task, operation } = attempt;
  const existing = await readExisting(attempt, signal);
  const committed = await findCommitted(attempt, existing, signal);
  if (committed) {
    await publishResult(attempt.bus, committed);
    return committed;
  }
  const commitAs = (product: Product, facts: CommitFacts): Promise<TaskResult> =>
    withGrace(signal, COMMIT_TIME, (own) => commit(attempt, existing, product, facts, own));
  const fail = async (error: CycloramaError): Promise<TaskResult> => {
    parts.log.info({ reason: error.reason, error: error.message }, 'asset failed');
    const product = operation.toFailureProduct(task, error);
    const facts = { outcome: Outcome.OUTCOME_FAILED, error, dependencies: [], versions: {} };
    try {
      return await commitAs(product, facts);
    } catch (thrown) {
      // If the store cannot hold the outputs' names, it cannot hold the error report's either: only the record says
      // why.
      if (toCycloramaError(thrown).reason !== 'output_refused') throw thrown;
      return commitAs({ ...product, files: [] }, facts);
    }
  };
  if (decision.kind === 'quarantine') return fail(decision.error);
  try {
    const { product, asset, blenderVersion } = await produce(attempt, signal, () => parts.ledger.working(task));
    const { verdict } = product;
    if (verdict && (await attempt.folder.isFull())) throw verdict.error;
    if (verdict)
      parts.log.info({ reason: verdict.error.reason, error: verdict.error.message }, `asset ${verdict.outcome}`);
    const facts = {
      outcome: RECORD_OUTCOMES[verdict?.outcome ?? 'succeeded'],
      ...(verdict ? { error: verdict.error } : {}),
      dependencies: asset.dependencies,
      versions: { blender: blenderVersion },
    };
    const result = await commitAs(product, facts);
    const device = product.device ?? attempt.device;
    parts.metrics.framesRendered.inc({ queue: task.operation, device }, product.frames ?? 0);
    return result;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = toCycloramaError(await blameFullDisk(attempt.folder, thrown));
    if (!shouldRetry(error, 'asset')) return fail(error);
    if (error.handling === 'suspect') await parts.ledger.charge(task, error);
    throw error;
  }
}

/** Stops a task when its job has ended or NATS has forgotten the job. */
async function watchJob({ jobs }: TaskLoopParts, task: Task, watch: AbortController, log: Log): Promise<void> {
  await pause(CANCEL_CHECK_MS, watch.signal);
  while (!watch.signal.aborted) {
    try {
      const job = await jobs.read(task.jobId);
      if (!job || isEnded(job.state)) watch.abort(new Unwanted('the job has ended'));
    } catch (error) {
      log.debug({ error: (error as Error).message }, 'cannot look at the job');
    }
    await pause(CANCEL_CHECK_MS, watch.signal);
  }
}

async function drop({ ledger }: TaskLoopParts, delivery: Delivery, task: Task, log: Log): Promise<void> {
  log.info('task broken off: its job has ended');
  try {
    await delivery.ack();
    await ledger.done(task);
  } catch (error) {
    log.warn({ error: (error as Error).message }, 'broken-off task not acked; it comes again and is dropped then');
  }
}

async function handBack(
  { ledger, log }: TaskLoopParts,
  delivery: Delivery,
  task: Task,
  error: CycloramaError,
  drain: AbortSignal,
): Promise<void> {
  const stack = error.reason === 'internal' ? error.stack : undefined;
  // Failures of Blender are charged, which bounds how often a task comes back. A bug of ours waits before each retry, so that
  // it does not use up all retries at once.
  const atOnce = drain.aborted || (error.handling === 'suspect' && error.reason !== 'internal');
  const delayMs = atOnce ? 0 : backoffMs(delivery.delivered);
  log.warn({ reason: error.reason, error: error.message, stack, delayMs }, 'task handed back');
  try {
    await ledger.handedBack(task, drain.aborted ? undefined : error);
  } catch (cause) {
    log.warn({ error: (cause as Error).message }, 'ledger not written');
  }
  delivery.handBack(delayMs);
}

function backoffMs(delivered: number): number {
  return Math.min(HAND_BACK_MS * 2 ** Math.min(delivered - 1, 10), MAX_HAND_BACK_MS);
}
