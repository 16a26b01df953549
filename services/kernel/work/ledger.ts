import { LedgerEntry, type Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { Bus } from '../bus/types.ts';
import { CycloramaError, fromFailure, toFailure } from '../failure.ts';

/** An asset is given up when Blender crashed, hung or ran out of memory on it this often. */
const SUSPECT_LIMIT = 3;
/** An asset is given up when this many workers vanished while they had it. */
const LOST_LIMIT = 5;
/** A worker whose own Blender failed on an asset leaves it to other workers for this long. */
const ELSEWHERE_MS = 30_000;

/** The start of an attempt: with Blender, or by giving the asset up because of earlier charges. */
export type StartDecision =
  | { kind: 'start'; attempt: number; fresh: boolean }
  | { kind: 'quarantine'; attempt: number; error: CycloramaError };

/** The ledger's decision before a worker starts on a task: begin an attempt, or leave it to another worker. */
export type AttemptDecision = StartDecision | { kind: 'elsewhere'; delayMs: number };

/**
 * Decides about the next attempt from the entry that the last one left, and charges the asset for a vanished worker.
 */
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

/** Keeps who works on which task, and the charges of assets whose attempts ended badly. */
export interface Ledger {
  begin(task: Task, othersLive: () => Promise<boolean>): Promise<AttemptDecision>;
  /** Notes that Blender has the asset: if the worker vanishes from now on, the asset is charged. */
  working(task: Task): Promise<void>;
  /** Records that this worker gave the task back because of `trouble`, which is not the asset's fault. */
  handedBack(task: Task, trouble?: CycloramaError): Promise<void>;
  /** Charges the asset for a failure of Blender. */
  charge(task: Task, error: CycloramaError): Promise<void>;
  /** Forgets a committed task. */
  done(task: Task): Promise<void>;
}

/** Opens the ledger of tasks in flight. Nearly every task costs one write, when Blender gets the asset. */
export function createLedger(bus: Pick<Bus, 'bucket'>, workerId: string): Ledger {
  const entries = bus.bucket('ledger');
  /** Attempts that began here, each with its entry, and whether the bucket may hold it. */
  const begun = new Map<string, { entry: LedgerEntry; stored: boolean }>();
  const keyOf = (task: Task): string => `${task.jobId}.${task.taskId}`;
  const write = async (key: string, entry: LedgerEntry): Promise<void> => {
    await entries.put(key, JSON.stringify(LedgerEntry.toJSON({ ...entry, updateTime: new Date() })));
  };
  const change = async (task: Task, toNext: (entry: LedgerEntry) => LedgerEntry): Promise<void> => {
    const attempt = begun.get(keyOf(task));
    if (!attempt) throw new CycloramaError('internal', `no attempt at task '${keyOf(task)}' is under way`);
    // A write that failed may have arrived.
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
      // The entry keeps the vanished worker's name for the message.
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
