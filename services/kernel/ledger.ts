import { LedgerEntry, type Task } from '../../gen/cyclorama/job/v1/task.ts';
import type { Bus, KeyValue } from './bus-types.ts';
import { CycloramaError, fromFailure, toFailure } from './failure.ts';

/** How often Blender may crash, hang or run out of memory on an asset before the asset is given up. */
const SUSPECT_LIMIT = 3;
/** How often workers may vanish with an asset. */
const LOST_LIMIT = 5;
/** For so long a worker leaves an asset, that its own Blender failed on, to other workers. */
const ELSEWHERE_MS = 30_000;

/** What the ledger says when a worker is about to start on a task. */
export type Begin =
  | { verdict: 'start'; attempt: number; fresh: boolean }
  | { verdict: 'elsewhere'; delayMs: number }
  | { verdict: 'quarantine'; attempt: number; error: CycloramaError };

/** Decides about the next attempt from what the last one left behind. Charges a vanished worker. */
export function decideBegin(
  entry: LedgerEntry,
  workerId: string,
  others: boolean,
  nowMs: number,
): { begin: Begin; charged: LedgerEntry } {
  const charged = { ...entry, lostCharges: entry.lostCharges + (entry.running ? 1 : 0) };
  const attempt = entry.attempt + 1;
  if (charged.suspectCharges >= SUSPECT_LIMIT && entry.failure) {
    const last = fromFailure(entry.failure);
    const error = new CycloramaError(
      last.reason,
      `given up after ${charged.suspectCharges} attempts: ${last.message}`,
      last.detail,
    );
    return { begin: { verdict: 'quarantine', attempt, error }, charged };
  }
  if (charged.lostCharges >= LOST_LIMIT) {
    const error = new CycloramaError(
      'worker_lost',
      `given up: ${charged.lostCharges} workers vanished with it, the last was '${entry.workerId}'`,
    );
    return { begin: { verdict: 'quarantine', attempt, error }, charged };
  }
  const sinceMs = nowMs - (entry.updateTime?.getTime() ?? 0);
  if (others && !entry.running && entry.suspectCharges > 0 && entry.workerId === workerId && sinceMs < ELSEWHERE_MS) {
    return { begin: { verdict: 'elsewhere', delayMs: 2_000 }, charged };
  }
  return { begin: { verdict: 'start', attempt, fresh: entry.suspectCharges > 0 }, charged };
}

/** Who works on what, and what is charged to an asset when an attempt ends badly. */
export interface Ledger {
  begin(task: Task, othersLive: () => Promise<boolean>): Promise<Begin>;
  /** The attempt was handed back, not by the asset's fault. */
  handedBack(task: Task): Promise<void>;
  /** Blender failed on the asset: charge it. */
  charge(task: Task, error: CycloramaError): Promise<void>;
  /** The task is committed. */
  done(task: Task): Promise<void>;
}

/** Opens the ledger of tasks in flight. */
export function createLedger(bus: Pick<Bus, 'bucket'>, workerId: string): Ledger {
  const entries = bus.bucket('ledger');
  const keyOf = (task: Task): string => `${task.jobId}.${task.taskId}`;
  const parse = (found: KeyValue | undefined): LedgerEntry =>
    found ? LedgerEntry.fromJSON(JSON.parse(found.value)) : LedgerEntry.fromPartial({});
  const read = async (task: Task): Promise<LedgerEntry> => parse(await entries.get(keyOf(task)));
  const print = (entry: LedgerEntry): string =>
    JSON.stringify(LedgerEntry.toJSON({ ...entry, workerId, updateTime: new Date() }));
  const write = async (task: Task, entry: LedgerEntry): Promise<void> => {
    await entries.put(keyOf(task), print(entry));
  };
  return {
    async begin(task, othersLive) {
      // Nearly every task is begun once: then one write is all.
      const first = print(LedgerEntry.fromPartial({ attempt: 1, running: true }));
      const created = await entries.create(keyOf(task), first);
      const found = created === undefined ? await entries.get(keyOf(task)) : undefined;
      // What stands there may be our own, from a write whose answer was lost.
      if (created !== undefined || found?.value === first) return { verdict: 'start', attempt: 1, fresh: false };
      const entry = parse(found);
      const others = entry.suspectCharges > 0 && (await othersLive());
      const { begin, charged } = decideBegin(entry, workerId, others, Date.now());
      if (begin.verdict === 'start') await write(task, { ...charged, attempt: begin.attempt, running: true });
      return begin;
    },
    async handedBack(task) {
      await write(task, { ...(await read(task)), running: false });
    },
    async charge(task, error) {
      const entry = await read(task);
      await write(task, {
        ...entry,
        running: false,
        suspectCharges: entry.suspectCharges + 1,
        failure: toFailure(error),
      });
    },
    done: (task) => entries.remove(keyOf(task)),
  };
}
