import { randomUUID } from 'node:crypto';
import { type Job, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { STREAMS, taskSubject } from '../bus/topics.ts';
import { proveWritable } from '../dataset/claim.ts';
import { toDatasetPlaces } from '../dataset/places.ts';
import { readResults } from '../jobs/results.ts';
import { countResult, isEnded } from '../jobs/state.ts';
import type { StoredJob } from '../jobs/stored-job.ts';
import { pause } from '../signal.ts';
import { type Naming, readNaming } from '../sources/naming.ts';
import { UnsortedSource } from '../sources/source.ts';
import { haveClosed, needsClosing } from './closing.ts';
import type { DriveParts } from './parts.ts';
import { applyProgress, checkDriver, isComplete, type Progress, startProgress } from './progress.ts';
import { countTasks, warningOfLack, warningsOfTrouble } from './queue.ts';
import { countAssets, planSource } from './walk.ts';

const SAVE_EVERY_MS = 1_000;
/** Who watches a job sees early that it moves. */
const FIRST_SAVE_MS = 250;
const FOLD_AT_ONCE = 500;
const LOOK_FOR_TROUBLE_EVERY_MS = 1_000;
/** Without a result for so long a job says what keeps its tasks; before, most troubles have passed. */
const QUIET_MS = 10_000;
/** A planner never goes round more often than this without a new result. */
const MAX_GENERATIONS = 50;

/** One drive of a job: what its driver knows beyond the entry that it saves. */
interface Drive {
  parts: DriveParts;
  driverId: string;
  /** As it was when the drive began. */
  entry: StoredJob;
  naming: Naming;
  progress: Progress;
  /** Aborts when the drive is called off or over. */
  running: AbortSignal;
  /** Aborts when every asset has its result. */
  complete: AbortController;
  /** Aborts when nothing is left to do: results and, where the job leaves a dataset, its index and report are there. */
  over: AbortController;
  /** Does work beside the saving; what breaks in it breaks the drive. */
  beside: (work: Promise<void>) => void;
  isClosing: boolean;
  /** What a job that runs should say, and in the end what its closing said. */
  warnings: string[];
  lastSign: number;
  lastCheck: number;
}

/**
 * Drives a job to its end: plans its source into tasks, folds results into counts, ends it.
 * Everything it must remember is in the entry, so that another driver can go on at any point.
 */
export async function driveJob(parts: DriveParts, jobId: string, signal: AbortSignal): Promise<Job> {
  // Of this drive alone: an order that comes again to the same process makes a second drive, and one of the two must go.
  const driverId = `${parts.driverId}.${randomUUID().slice(0, 8)}`;
  const claimed = await parts.jobs.change(jobId, (entry) => ({ ...entry, driverId }));
  if (isEnded(claimed.job.state)) return finish(parts, claimed);
  const entry = claimed.job.state === JobState.JOB_STATE_PLANNING ? await countAssets(parts, claimed, signal) : claimed;
  if (isEnded(entry.job.state)) return finish(parts, entry);

  const stop = new AbortController();
  const { promise: broken, reject } = Promise.withResolvers<never>();
  const atWork: Promise<void>[] = [];
  const now = performance.now();
  const drive: Drive = {
    parts,
    driverId,
    entry,
    naming: await readNaming(entry.job.source!, parts.source.readJob),
    progress: startProgress(entry),
    running: AbortSignal.any([signal, stop.signal]),
    complete: new AbortController(),
    over: new AbortController(),
    beside: (work) => void atWork.push(work.catch(reject)),
    isClosing: false,
    warnings: [],
    lastSign: now,
    lastCheck: now,
  };
  drive.beside(fold(drive));
  drive.beside(plan(drive));
  drive.beside(lookForTrouble(drive));
  const ended = await Promise.race([save(drive), broken]).finally(async () => {
    stop.abort();
    await Promise.allSettled(atWork);
  });
  // Only now: a planner still at work would queue tasks after the purge.
  return finish(parts, ended);
}

/** Counts results as they come, until the drive ends. */
async function fold(drive: Drive): Promise<void> {
  const { parts, entry, progress, running } = drive;
  const results = readResults(parts.bus, entry.job.jobId, progress.foldedSequence, parts.log);
  try {
    while (!running.aborted) {
      for (const { sequence, result } of await results.next(FOLD_AT_ONCE, SAVE_EVERY_MS, running)) {
        countResult(progress.counts, result.outcome, result.reused);
        progress.foldedSequence = sequence;
        drive.lastSign = performance.now();
      }
      noteCompletion(drive);
    }
  } finally {
    await results.close();
  }
}

/** Plans the source to its end, from its start where it turns out to have no order. */
async function plan(drive: Drive): Promise<void> {
  const { parts, entry, naming, progress, running } = drive;
  while (!running.aborted && !progress.planned) {
    try {
      await planSource(parts, entry, naming, progress, running);
      progress.planned = true;
    } catch (error) {
      if (!(error instanceof UnsortedSource)) throw error;
      parts.log.warn({ reason: error.message }, 'reading the source from the start in one go');
      Object.assign(progress, { unsorted: true, cursor: '', plannedTotal: 0n });
    }
    drive.lastSign = performance.now();
  }
  noteCompletion(drive);
}

function noteCompletion(drive: Drive): void {
  const { progress, complete, entry, over } = drive;
  if (!isComplete(progress)) return;
  complete.abort();
  if (needsClosing(entry.job) || over.signal.aborted) return;
  over.abort();
  drive.warnings = [];
}

async function close(drive: Drive, job: Job): Promise<void> {
  const warnings = await haveClosed(drive.parts, job, drive.running);
  drive.over.abort();
  drive.warnings = warnings;
}

/** Keeps the job's warnings of what only a person can end: that no worker may take its tasks, or that none gets on with them. */
async function lookForTrouble(drive: Drive): Promise<void> {
  const { parts, entry, running, complete, over } = drive;
  const done = AbortSignal.any([running, over.signal]);
  const quietMs = Math.min(QUIET_MS, parts.stallMs);
  let troubles: string[] = [];
  let lookedAt = 0;
  while (!done.aborted) {
    try {
      const found = await warningOfLack(parts, entry.job, complete.signal.aborted);
      const now = performance.now();
      if (now - drive.lastSign < quietMs) troubles = [];
      else if (now - lookedAt > quietMs) {
        lookedAt = now;
        troubles = await warningsOfTrouble(parts, entry.job);
      }
      if (!done.aborted) drive.warnings = [...found, ...troubles];
    } catch (error) {
      parts.log.debug({ error: (error as Error).message }, 'cannot look for trouble');
    }
    await pause(LOOK_FOR_TROUBLE_EVERY_MS, done);
  }
}

/** Saves progress once a second, and sees to what comes next, until the job has ended. */
async function save(drive: Drive): Promise<StoredJob> {
  const { parts, driverId, entry, progress, running, complete, over } = drive;
  for (let waitMs = FIRST_SAVE_MS; ; waitMs = SAVE_EVERY_MS) {
    await pause(waitMs, AbortSignal.any([running, drive.isClosing ? over.signal : complete.signal]));
    const ending = over.signal.aborted;
    const saved = await parts.jobs.change(entry.job.jobId, (current) => {
      checkDriver(current, driverId);
      return applyProgress(current, progress, ending, drive.warnings);
    });
    if (isEnded(saved.job.state)) return saved;
    running.throwIfAborted();
    if (!complete.signal.aborted) {
      await checkOutputs(drive);
      await replanIfStalled(drive);
    } else if (!drive.isClosing && needsClosing(entry.job)) {
      drive.isClosing = true;
      drive.beside(close(drive, saved.job));
    }
  }
}

/** Tasks whose records nobody may write go round for good, and only their worker's log would say why. */
async function checkOutputs(drive: Drive): Promise<void> {
  const { parts, entry, running } = drive;
  const { outputUri } = entry.job;
  if (outputUri === '' || performance.now() - Math.max(drive.lastSign, drive.lastCheck) < parts.stallMs) return;
  drive.lastCheck = performance.now();
  await proveWritable(parts.store, toDatasetPlaces(outputUri), running);
}

/** Plans again from the records where results are missing and nothing is queued. */
async function replanIfStalled(drive: Drive): Promise<void> {
  const { parts, entry, progress } = drive;
  if (!progress.planned || performance.now() - drive.lastSign < parts.stallMs) return;
  if ((await countTasks(parts.bus, entry.job)) > 0) return;
  if (progress.generation >= MAX_GENERATIONS)
    throw new Error(`results are missing after ${MAX_GENERATIONS} rounds of planning`);
  const generation = progress.generation + 1;
  parts.log.warn({ generation }, 'results are missing and nothing is queued: planning again from the records');
  Object.assign(progress, { planned: false, cursor: '', plannedTotal: 0n, generation });
  drive.beside(plan(drive));
}

/** Leaves nothing of an ended job behind on the queue, and notes its end in the output place. */
async function finish({ bus, jobs }: DriveParts, entry: StoredJob): Promise<Job> {
  const job = entry.job;
  await bus.purge(STREAMS.tasks, taskSubject(job.operation, '*', job.jobId));
  await jobs.recordEnd(entry);
  return job;
}
