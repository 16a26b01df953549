import { LedgerEntry, type Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { Bus } from '../bus/types.ts';
import { CycloramaError, fromFailure, toFailure } from '../failure.ts';

/** How often Blender may crash, hang or run out of memory on an asset before the asset is given up. */
const SUSPECT_LIMIT = 3;
/** How often workers may vanish with an asset. */
const LOST_LIMIT = 5;
/** For so long a worker leaves an asset, that its own Blender failed on, to other workers. */
const ELSEWHERE_MS = 30_000;

/** An attempt that begins: with Blender, or by giving the asset up for what it was charged with before. */
export type StartDecision =
  | { kind: 'start'; attempt: number; fresh: boolean }
  | { kind: 'quarantine'; attempt: number; error: CycloramaError };

/** The ledger's decision when a worker is about to start on a task: to begin an attempt, or to leave it to another worker. */
export type AttemptDecision = StartDecision | { kind: 'elsewhere'; delayMs: number };

/** Decides about the next attempt from what the last one left behind. Charges a vanished worker. */
export function decideAttempt(
  entry: LedgerEntry,
  workerId: string,
  others: boolean,
  nowMs: number,
): { decision: AttemptDecision; charged: LedgerEntry } {
  const charged = { ...entry, lostCharges: entry.lostCharges + (entry.running ? 1 : 0) };
  const attempt = entry.attempt + 1;
  if (charged.suspectCharges >= SUSPECT_LIMIT && entry.failure) {
    const last = fromFailure(entry.failure);
    const error = new CycloramaError(
      last.reason,
      `given up after ${charged.suspectCharges} attempts: ${last.message}`,
      last.detail,
    );
    return { decision: { kind: 'quarantine', attempt, error }, charged };
  }
  if (charged.lostCharges >= LOST_LIMIT) {
    const error = new CycloramaError(
      'worker_lost',
      `given up: ${charged.lostCharges} workers vanished with it, the last was '${entry.workerId}'`,
    );
    return { decision: { kind: 'quarantine', attempt, error }, charged };
  }
  const sinceMs = nowMs - (entry.updateTime?.getTime() ?? 0);
  if (others && !entry.running && entry.suspectCharges > 0 && entry.workerId === workerId && sinceMs < ELSEWHERE_MS) {
    return { decision: { kind: 'elsewhere', delayMs: 2_000 }, charged };
  }
  return { decision: { kind: 'start', attempt, fresh: entry.suspectCharges > 0 }, charged };
}

/** Who works on what, and what is charged to an asset when an attempt ends badly. */
export interface Ledger {
  begin(task: Task, othersLive: () => Promise<boolean>): Promise<AttemptDecision>;
  /** From now on a worker that vanishes is charged to the asset: Blender has it. */
  working(task: Task): Promise<void>;
  /** The attempt, if one began here and nothing was charged, was handed back: not by the asset's fault, but by `trouble`. */
  handedBack(task: Task, trouble?: CycloramaError): Promise<void>;
  /** Blender failed on the asset: charge it. */
  charge(task: Task, error: CycloramaError): Promise<void>;
  /** The task is committed. */
  done(task: Task): Promise<void>;
}

/** Opens the ledger of tasks in flight. Nearly every task costs one write: when Blender gets it. */
export function createLedger(bus: Pick<Bus, 'bucket'>, workerId: string): Ledger {
  const entries = bus.bucket('ledger');
  /** Attempts that began here, as they stand or shall stand in the bucket. */
  const begun = new Map<string, { entry: LedgerEntry; stored: boolean }>();
  const keyOf = (task: Task): string => `${task.jobId}.${task.taskId}`;
  const write = async (key: string, entry: LedgerEntry): Promise<void> => {
    await entries.put(key, JSON.stringify(LedgerEntry.toJSON({ ...entry, updateTime: new Date() })));
  };
  const change = async (task: Task, toNext: (entry: LedgerEntry) => LedgerEntry): Promise<void> => {
    const attempt = begun.get(keyOf(task));
    if (!attempt) throw new CycloramaError('internal', `no attempt at task '${keyOf(task)}' is under way`);
    // A write that fails may have arrived all the same.
    Object.assign(attempt, { entry: toNext(attempt.entry), stored: true });
    await write(keyOf(task), attempt.entry);
  };
  return {
    async begin(task, othersLive) {
      const key = keyOf(task);
      const found = await entries.get(key);
      const entry = LedgerEntry.fromJSON(found ? JSON.parse(found.value) : {});
      const others = entry.suspectCharges > 0 && (await othersLive());
      const { decision, charged } = decideAttempt(entry, workerId, others, Date.now());
      // The vanished worker's name stays, for the message.
      if (entry.running) await write(key, { ...charged, running: false });
      if (decision.kind === 'elsewhere') return decision;
      const mine = { ...charged, attempt: decision.attempt, workerId, running: false };
      begun.set(key, { entry: mine, stored: found !== undefined });
      return decision;
    },
    working: (task) => change(task, (entry) => ({ ...entry, running: true, trouble: undefined })),
    async handedBack(task, trouble) {
      if (!begun.has(keyOf(task))) return;
      try {
        await change(task, (entry) => ({ ...entry, running: false, trouble: trouble && toFailure(trouble) }));
      } finally {
        begun.delete(keyOf(task));
      }
    },
    async charge(task, error) {
      await change(task, (entry) => ({
        ...entry,
        running: false,
        suspectCharges: entry.suspectCharges + 1,
        failure: toFailure(error),
      }));
      begun.delete(keyOf(task));
    },
    async done(task) {
      const attempt = begun.get(keyOf(task));
      begun.delete(keyOf(task));
      if (!attempt || attempt.stored) await entries.remove(keyOf(task));
    },
  };
}
