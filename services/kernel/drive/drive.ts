import { randomUUID } from 'node:crypto';
import { type Job, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { STREAMS, taskSubject } from '../bus/topics.ts';
import { proveWritable } from '../dataset/claim.ts';
import { toDatasetPlaces } from '../dataset/places.ts';
import { readResults } from '../jobs/results.ts';
import { isEnded } from '../jobs/state.ts';
import type { StoredJob } from '../jobs/stored-job.ts';
import { pause } from '../signal.ts';
import { type Naming, readNaming } from '../sources/naming.ts';
import { UnsortedSource } from '../sources/source.ts';
import { haveClosed, needsClosing } from './closing.ts';
import type { DriveParts } from './parts.ts';
import { nextPhase, type Phase } from './phase.ts';
import {
  applyProgress,
  checkDriver,
  foldResult,
  isComplete,
  type Progress,
  planAgain,
  startProgress,
} from './progress.ts';
import { countTasks, warningOfLack, warningsOfTrouble } from './queue.ts';
import { countAssets, planSource } from './walk.ts';

const SAVE_EVERY_MS = 1_000;
/** The first save comes early, so that clients see that the job moves. */
const FIRST_SAVE_MS = 250;
const FOLD_AT_ONCE = 500;
const LOOK_FOR_TROUBLE_EVERY_MS = 1_000;
/** If no result came for this long, the job says what keeps its tasks. Most troubles pass sooner. */
const QUIET_MS = 10_000;

/** One drive of a job: what its driver knows beyond the entry that it saves. */
interface Drive {
  parts: DriveParts;
  driverId: string;
  /** The stored job as it was when the drive began. */
  entry: StoredJob;
  naming: Naming;
  progress: Progress;
  /** Aborts when the drive is called off or has ended. */
  running: AbortSignal;
  /** Only `advance` changes it. */
  phase: Phase;
  /** Aborts when the phase changes; each phase has a new controller. */
  phaseChange: AbortController;
  /** Runs work beside the saving; what breaks in it breaks the drive. */
  beside: (work: Promise<void>) => void;
  /** Warnings that the running job shows: only a person can end what they name. */
  troubles: string[];
  /** Warnings that the closing task left, once it is done. */
  closed: string[] | undefined;
  /** When the last result came or the last walk ended. */
  lastSign: number;
  /** When the output place was last proved to be writable. */
  lastProof: number;
}

/**
 * Drives a job to its end: plans its source into tasks, folds results into counts, ends it.
 * Everything it must remember is in the entry, so that another driver can go on at any point.
 * Its loops report facts (results, the end of the walk, the end of the closing) and `advance` decides what follows.
 */
export async function driveJob(parts: DriveParts, jobId: string, signal: AbortSignal): Promise<Job> {
  // Each drive has its own id: an order that the same process gets again makes a second drive, and one of the two must
  // go.
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
    naming: await readNaming(entry.namingSource ?? entry.job.source, parts.source.readJob),
    progress: startProgress(entry),
    running: AbortSignal.any([signal, stop.signal]),
    phase: 'walking',
    phaseChange: new AbortController(),
    beside: (work) => void atWork.push(work.catch(reject)),
    troubles: [],
    closed: undefined,
    lastSign: now,
    lastProof: now,
  };
  drive.beside(fold(drive));
  drive.beside(walk(drive));
  drive.beside(lookForTrouble(drive));
  const ended = await Promise.race([save(drive), broken]).finally(async () => {
    stop.abort();
    await Promise.allSettled(atWork);
  });
  // Only now: a planner still at work would queue tasks after the purge.
  return finish(parts, ended);
}

/** Goes on to the phase that the facts demand, and wakes everyone who waits for that. */
function advance(drive: Drive): void {
  const { progress, entry, closed } = drive;
  const phase = nextPhase(drive.phase, {
    planned: progress.planned,
    complete: isComplete(progress),
    needsClosing: needsClosing(entry.job),
    closed: closed !== undefined,
  });
  if (phase === drive.phase) return;
  drive.phase = phase;
  drive.phaseChange.abort();
  drive.phaseChange = new AbortController();
}

/** Counts results as they come, until the drive ends. */
async function fold(drive: Drive): Promise<void> {
  const { parts, entry, progress, running } = drive;
  const results = readResults(parts.bus, entry.job.jobId, progress.foldedSequence, parts.log);
  try {
    while (!running.aborted) {
      for (const { sequence, result } of await results.next(FOLD_AT_ONCE, SAVE_EVERY_MS, running)) {
        foldResult(progress, sequence, result);
        drive.lastSign = performance.now();
      }
      advance(drive);
    }
  } finally {
    await results.close();
  }
}

/** Walks the source to its end, from its start where it turns out to have no order. */
async function walk(drive: Drive): Promise<void> {
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
  advance(drive);
}

/** Has the dataset closed. */
async function close(drive: Drive, job: Job): Promise<void> {
  drive.closed = await haveClosed(drive.parts, job, drive.running);
  advance(drive);
}

/** Keeps the warnings up to date: that no worker may take the job's tasks, or why tasks are handed back. */
async function lookForTrouble(drive: Drive): Promise<void> {
  const { parts, entry, running } = drive;
  const quietMs = Math.min(QUIET_MS, parts.stallMs);
  let handedBack: string[] = [];
  let lookedAt = 0;
  while (drive.phase !== 'over' && !running.aborted) {
    try {
      const lack = await warningOfLack(parts, entry.job, drive.phase === 'closing');
      const now = performance.now();
      if (now - drive.lastSign < quietMs) handedBack = [];
      else if (now - lookedAt > quietMs) {
        lookedAt = now;
        handedBack = await warningsOfTrouble(parts, entry.job);
      }
      drive.troubles = [...lack, ...handedBack];
    } catch (error) {
      parts.log.debug({ error: (error as Error).message }, 'cannot look for trouble');
    }
    await pauseInPhase(drive, LOOK_FOR_TROUBLE_EVERY_MS);
  }
}

/** Waits, but no longer than the phase lasts. */
function pauseInPhase({ running, phaseChange }: Drive, ms: number): Promise<void> {
  return pause(ms, AbortSignal.any([running, phaseChange.signal]));
}

/** Saves progress once a second and at each new phase, and begins the work of the phase, until the job has ended. */
async function save(drive: Drive): Promise<StoredJob> {
  const { parts, driverId, entry, progress, running } = drive;
  let begun: Phase = 'walking';
  for (let waitMs = FIRST_SAVE_MS; ; waitMs = SAVE_EVERY_MS) {
    if (drive.phase === begun) await pauseInPhase(drive, waitMs);
    // What is saved is the phase as it is now: results that come meanwhile are for the next round.
    const { phase, closed, troubles } = drive;
    const saved = await parts.jobs.change(entry.job.jobId, (current) => {
      checkDriver(current, driverId);
      return applyProgress(current, progress, phase === 'over', phase === 'over' ? (closed ?? []) : troubles);
    });
    if (isEnded(saved.job.state)) return saved;
    running.throwIfAborted();
    if (phase === 'walking' || phase === 'waiting') {
      await checkOutputs(drive);
      await planAgainIfStalled(drive);
    }
    // Only after the save: the worker that closes the dataset reads the saved counts of all assets.
    if (phase === 'closing' && begun !== 'closing') drive.beside(close(drive, saved.job));
    begun = phase;
  }
}

/**
 * Proves that records can be written; else tasks would be retried for ever, and only their worker's log would say why.
 */
async function checkOutputs(drive: Drive): Promise<void> {
  const { parts, entry, running } = drive;
  const { outputUri } = entry.job;
  if (outputUri === '' || performance.now() - Math.max(drive.lastSign, drive.lastProof) < parts.stallMs) return;
  drive.lastProof = performance.now();
  await proveWritable(parts.store, toDatasetPlaces(outputUri), running);
}

/** Plans again from the records where results are missing and nothing is queued. */
async function planAgainIfStalled(drive: Drive): Promise<void> {
  const { parts, entry, progress } = drive;
  if (!progress.planned || performance.now() - drive.lastSign < parts.stallMs) return;
  if ((await countTasks(parts.bus, entry.job)) > 0) return;
  // While the queue was counted, the last result may have come.
  if (drive.phase !== 'waiting') return;
  planAgain(progress);
  const { generation } = progress;
  parts.log.warn({ generation }, 'results are missing and nothing is queued: planning again from the records');
  advance(drive);
  drive.beside(walk(drive));
}

/** Leaves nothing of an ended job behind on the queue, and notes its end in the output place. */
async function finish({ bus, jobs }: DriveParts, entry: StoredJob): Promise<Job> {
  const job = entry.job;
  await bus.purge(STREAMS.tasks, taskSubject(job.operation, '*', job.jobId));
  await jobs.recordEnd(entry);
  return job;
}
