import { randomUUID } from 'node:crypto';
import { type Job, JobState, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { type JobEntry, Task, type WorkerBeat } from '../../gen/cyclorama/job/v1/task.ts';
import type { Bus } from './bus-types.ts';
import { mapBounded } from './concurrency.ts';
import { toDatasetPlaces } from './dataset.ts';
import { proveWritable } from './dataset-claim.ts';
import { haveClosed, needsClosing } from './drive-closing.ts';
import { countResult, isEnded } from './job-state.ts';
import type { Jobs } from './jobs.ts';
import type { Log } from './log.ts';
import type { ObjectStore } from './object-store.ts';
import { type Naming, needsRecord, planAsset, withRecordedFailure } from './plan.ts';
import { loadRecordSet } from './record-set.ts';
import { readRecord } from './records.ts';
import { publishResult, readResults } from './results.ts';
import { pause } from './signal.ts';
import { countSource, readNamingPrefix, readSource, type SourceParts, UnsortedSource } from './sources.ts';
import { laneOf, STREAMS, taskSubject } from './topics.ts';
import { parseObjectUri } from './uri.ts';
import { countSlots, lackOfWorkers } from './workers.ts';

const SAVE_EVERY_MS = 1_000;
/** Who watches a job sees early that it moves. */
const FIRST_SAVE_MS = 250;
const PUBLISHES_AT_ONCE = 64;
const FOLD_AT_ONCE = 500;
/** A planner never goes round more often than this without a new result. */
const MAX_GENERATIONS = 50;

/** What driving a job takes. */
export interface DriveParts {
  bus: Bus;
  jobs: Jobs;
  store: ObjectStore;
  source: SourceParts;
  /** Recipe version of the operation. */
  recipe: number;
  driverId: string;
  /** The live workers that take this operation's tasks. */
  liveWorkers: () => Promise<WorkerBeat[]>;
  /** So long without queued tasks and results, while results lack, until the source is planned again. */
  stallMs: number;
  log: Log;
}

/** Another driver has taken the job over. */
class Superseded extends Error {}

/** The fields of an entry that a drive moves forward, saved together. */
type Progress = Pick<JobEntry, 'cursor' | 'planned' | 'plannedTotal' | 'generation' | 'foldedSequence' | 'unsorted'> & {
  counts: NonNullable<Job['counts']>;
};

/**
 * Drives a job to its end: plans its source into tasks, folds results into counts, ends it.
 * Everything it must remember is in the entry, so that another driver can go on at any point.
 */
export async function driveJob(parts: DriveParts, jobId: string, signal: AbortSignal): Promise<Job> {
  const { bus, jobs, log } = parts;
  // Of this drive alone: an order that comes again to the same process makes a second drive, and one of the two must go.
  const driverId = `${parts.driverId}.${randomUUID().slice(0, 8)}`;
  const claimed = await jobs.change(jobId, (entry) => ({ ...entry, driverId }));
  if (isEnded(claimed.job!.state)) return finish(parts, claimed);
  const entry =
    claimed.job!.state === JobState.JOB_STATE_PLANNING ? await countAssets(parts, claimed, signal) : claimed;
  if (isEnded(entry.job!.state)) return finish(parts, entry);

  const naming = await readNamingPrefix(entry.job!.source!, parts.source.readJob);
  const { planned, generation, foldedSequence, unsorted } = entry;
  // A source without key order cannot be taken up in the middle: who takes it over reads it from the start.
  const { cursor, plannedTotal } = unsorted && !planned ? { cursor: '', plannedTotal: 0n } : entry;
  const progress: Progress = {
    cursor,
    planned,
    plannedTotal,
    generation,
    foldedSequence,
    unsorted,
    counts: { ...entry.job!.counts! },
  };
  const stop = new AbortController();
  const running = AbortSignal.any([signal, stop.signal]);
  const complete = new AbortController();
  /** Nothing is left to do: results and, where the job leaves a dataset, its index and report are there. */
  const over = new AbortController();
  let closingWarnings: string[] = [];
  let lastSign = performance.now();
  let lastCheck = lastSign;

  const fold = async (): Promise<void> => {
    const results = readResults(bus, jobId, progress.foldedSequence);
    try {
      while (!running.aborted) {
        for (const { sequence, result } of await results.next(FOLD_AT_ONCE, SAVE_EVERY_MS, running)) {
          countResult(progress.counts, result.outcome, result.reused);
          progress.foldedSequence = sequence;
          lastSign = performance.now();
        }
        noteCompletion();
      }
    } finally {
      await results.close();
    }
  };

  const plan = async (): Promise<void> => {
    while (!running.aborted && !progress.planned) {
      try {
        await planSource(parts, entry, naming, progress, running);
        progress.planned = true;
      } catch (error) {
        if (!(error instanceof UnsortedSource)) throw error;
        log.warn({ reason: error.message }, 'reading the source from the start in one go');
        Object.assign(progress, { unsorted: true, cursor: '', plannedTotal: 0n });
      }
      lastSign = performance.now();
    }
    noteCompletion();
  };

  const noteCompletion = (): void => {
    const { succeeded, failed, skipped } = progress.counts;
    if (!progress.planned || succeeded + failed + skipped < progress.plannedTotal) return;
    complete.abort();
    if (!needsClosing(entry.job!)) over.abort();
  };

  const close = async (job: Job): Promise<void> => {
    closingWarnings = await haveClosed(parts, job, running);
    over.abort();
  };

  const save = async (): Promise<JobEntry> => {
    for (let waitMs = FIRST_SAVE_MS; ; waitMs = SAVE_EVERY_MS) {
      await pause(waitMs, AbortSignal.any([running, closing ? over.signal : complete.signal]));
      const ending = over.signal.aborted;
      const warnings = ending ? closingWarnings : await warnOfLack(parts, entry.job!, complete.signal.aborted);
      const saved = await jobs.change(jobId, (current) => {
        checkDriver(current, driverId);
        return applyProgress(current, progress, ending, warnings);
      });
      if (isEnded(saved.job!.state)) return saved;
      running.throwIfAborted();
      if (complete.signal.aborted) closing ??= watched(close(saved.job!));
      else {
        await checkOutputs(saved.job!);
        await replanIfStalled(saved);
      }
    }
  };

  /** Tasks whose records nobody may write go round for good, and only their worker's log would say why. */
  const checkOutputs = async ({ outputUri }: Job): Promise<void> => {
    if (outputUri === '' || performance.now() - Math.max(lastSign, lastCheck) < parts.stallMs) return;
    lastCheck = performance.now();
    await proveWritable(parts.store, toDatasetPlaces(outputUri), running);
  };

  const replanIfStalled = async ({ job }: JobEntry): Promise<void> => {
    if (!progress.planned || performance.now() - lastSign < parts.stallMs) return;
    if ((await countTasks(bus, job!)) > 0) return;
    if (progress.generation >= MAX_GENERATIONS)
      throw new Error(`results are missing after ${MAX_GENERATIONS} rounds of planning`);
    log.warn(
      { generation: progress.generation + 1 },
      'results are missing and nothing is queued: planning again from the records',
    );
    Object.assign(progress, { planned: false, cursor: '', plannedTotal: 0n, generation: progress.generation + 1 });
    planning = watched(plan());
  };

  const { promise: broken, reject } = Promise.withResolvers<never>();
  const watched = (work: Promise<void>): Promise<void> => work.catch(reject);
  const folding = watched(fold());
  let planning = watched(plan());
  let closing: Promise<void> | undefined;
  const ended = await Promise.race([save(), broken]).finally(async () => {
    stop.abort();
    await Promise.allSettled([folding, planning, closing]);
  });
  // Only now: a planner still at work would queue tasks after the purge.
  return finish(parts, ended);
}

function checkDriver({ driverId, job }: JobEntry, own: string): void {
  if (driverId !== own) throw new Superseded(`job '${job!.jobId}' is driven by '${driverId}' now`);
}

/** Whether a drive ended because another driver took over. */
export function isSuperseded(error: unknown): boolean {
  return error instanceof Superseded;
}

/** The PLANNING state: one pass over the source that counts. */
async function countAssets(parts: DriveParts, entry: JobEntry, signal: AbortSignal): Promise<JobEntry> {
  const { jobId } = entry.job!;
  let unsorted = entry.unsorted;
  let total = 0;
  let saved = performance.now();
  const note = (state: JobState): Promise<JobEntry> =>
    parts.jobs.change(jobId, (current) => {
      checkDriver(current, entry.driverId);
      return withTotal(current, total, unsorted, state);
    });
  for (let done = false; !done; ) {
    try {
      for await (const sum of countSource(parts.source, { ...entry, unsorted }, signal)) {
        total = sum;
        if (performance.now() - saved < SAVE_EVERY_MS) continue;
        saved = performance.now();
        const current = await note(JobState.JOB_STATE_PLANNING);
        if (isEnded(current.job!.state)) return current;
      }
      done = true;
    } catch (error) {
      if (!(error instanceof UnsortedSource) || unsorted) throw error;
      unsorted = true;
    }
  }
  return note(JobState.JOB_STATE_RUNNING);
}

function withTotal(entry: JobEntry, total: number, unsorted: boolean, state: JobState): JobEntry {
  const job = entry.job!;
  const startTime = state === JobState.JOB_STATE_RUNNING ? new Date() : undefined;
  return { ...entry, unsorted, job: { ...job, state, startTime, counts: { ...job.counts!, total: BigInt(total) } } };
}

/** One walk over the source from the cursor on: reuses what is recorded, queues the rest as room permits. */
async function planSource(
  parts: DriveParts,
  entry: JobEntry,
  naming: Naming,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const job = entry.job!;
  const records =
    job.outputUri === '' ? undefined : await loadRecordSet(parts.store, toDatasetPlaces(job.outputUri), signal);
  const subject = taskSubject(job.operation, laneOf(job), job.jobId);
  const room = createRoom(parts, job);
  const at = { ...entry, cursor: progress.cursor, unsorted: progress.unsorted };
  for await (const { assets, cursor } of readSource(parts.source, at, Number(progress.plannedTotal), signal)) {
    signal.throwIfAborted();
    await mapBounded(assets, PUBLISHES_AT_ONCE, async (asset) => {
      let step = planAsset(entry, parts.recipe, naming, records, asset);
      if (step.kind === 'reuse') {
        const result = await readReused(parts.store, step.result, signal);
        if (result) return publishResult(parts.bus, result);
        parts.log.warn({ record: step.result.recordUri }, 'record cannot be read: its asset is done again');
        step = planAsset(entry, parts.recipe, naming, undefined, asset);
      }
      if (step.kind === 'queue') {
        await room.take(signal);
        await parts.bus.publish(
          subject,
          JSON.stringify(Task.toJSON(step.task)),
          `${job.jobId}.${step.task.taskId}.${progress.generation}`,
        );
      }
    });
    progress.cursor = cursor;
    progress.plannedTotal += BigInt(assets.length);
  }
}

/** The result that a record gives for this job; undefined where the record has to be read and cannot be. */
async function readReused(
  store: ObjectStore,
  result: TaskResult,
  signal: AbortSignal,
): Promise<TaskResult | undefined> {
  if (!needsRecord(result)) return result;
  const record = await readRecord(store, parseObjectUri(result.recordUri, 'record_uri'), signal);
  return record && withRecordedFailure(result, record.result?.failure);
}

/** Keeps a job from queueing more than its share: at most max(64, 4 x live slots) tasks at a time. */
function createRoom({ bus, liveWorkers }: DriveParts, job: Job): { take: (signal: AbortSignal) => Promise<void> } {
  let left = 0;
  let asking: Promise<void> | undefined;
  const ask = async (signal: AbortSignal): Promise<void> => {
    while (left <= 0 && !signal.aborted) {
      const [queued, live] = await Promise.all([countTasks(bus, job), liveWorkers()]);
      left = Math.max(64, 4 * countSlots(live, job)) - queued;
      if (left <= 0) await pause(50, signal);
    }
  };
  return {
    async take(signal) {
      while (left <= 0) {
        asking ??= ask(signal).finally(() => {
          asking = undefined;
        });
        await asking;
        signal.throwIfAborted();
      }
      left--;
    },
  };
}

/** Tasks of a job that are queued or in hand, in whatever lane. */
function countTasks(bus: Bus, { operation, jobId }: Job): Promise<number> {
  return bus.count(STREAMS.tasks, taskSubject(operation, '*', jobId));
}

/** Says that a job's tasks wait for a worker that is not there, which only who starts workers can end. */
async function warnOfLack({ bus, liveWorkers }: DriveParts, job: Job, closing: boolean): Promise<string[]> {
  // Any worker takes the closing task.
  const requireGpu = job.requireGpu && !closing;
  const lack = lackOfWorkers(await liveWorkers(), { operation: job.operation, requireGpu });
  if (lack === undefined || (await countTasks(bus, job)) === 0) return [];
  return [`${lack}; tasks wait`];
}

/** The entry with a drive's progress in it; undefined where nothing moved, so that idle jobs cause no writes. */
function applyProgress(
  entry: JobEntry,
  { counts, ...rest }: Progress,
  complete: boolean,
  warnings: string[],
): JobEntry | undefined {
  const job = entry.job!;
  const total = rest.planned || rest.plannedTotal > job.counts!.total ? rest.plannedTotal : job.counts!.total;
  const moved =
    rest.foldedSequence !== entry.foldedSequence ||
    rest.cursor !== entry.cursor ||
    rest.planned !== entry.planned ||
    rest.generation !== entry.generation ||
    warnings.join() !== job.warnings.join();
  if (!moved && !complete && total === job.counts!.total) return undefined;
  const ending = complete ? { state: JobState.JOB_STATE_SUCCEEDED, endTime: new Date() } : {};
  return { ...entry, ...rest, job: { ...job, counts: { ...counts, total }, warnings, ...ending } };
}

/** Leaves nothing of an ended job behind on the queue, and notes its end in the output place. */
async function finish({ bus, jobs }: DriveParts, entry: JobEntry): Promise<Job> {
  const job = entry.job!;
  await bus.purge(STREAMS.tasks, taskSubject(job.operation, '*', job.jobId));
  await jobs.recordEnd(entry);
  return job;
}
