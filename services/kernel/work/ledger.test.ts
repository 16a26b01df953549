import { describe, expect, test } from 'vitest';
import { Failure } from '../../../gen/cyclorama/failure/v1/failure.ts';
import { LedgerEntry, Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBucket } from '../../../test/support/memory/bucket.ts';
import { CycloramaError } from '../failure.ts';
import { createLedger, decideAttempt } from './ledger.ts';

const NOW = Date.UTC(2030, 0, 1);
const ME = 'worker-a';
const CRASH = Failure.fromPartial({
  reason: 'blender_crash',
  message: 'signal SIGSEGV',
  stage: 'import',
  signal: 'SIGSEGV',
  logTail: ['x'],
});

function entry(fields: Partial<LedgerEntry>): LedgerEntry {
  return { ...LedgerEntry.fromPartial({}), workerId: ME, updateTime: new Date(NOW - 1_000), ...fields };
}

describe('the ledger decides', () => {
  test('a task that nobody tried starts as attempt 1 on any Blender', () => {
    const { decision } = decideAttempt(LedgerEntry.fromPartial({}), ME, false, NOW);
    expect(decision).toEqual({ kind: 'start', attempt: 1, fresh: false });
  });

  test('a task that was handed back starts again and is charged nothing', () => {
    const { decision, charged } = decideAttempt(entry({ attempt: 7 }), ME, true, NOW);
    expect(decision).toEqual({ kind: 'start', attempt: 8, fresh: false });
    expect(charged).toMatchObject({ lostCharges: 0, suspectCharges: 0 });
  });

  test('an attempt that nobody ended charges the vanished worker', () => {
    const { decision, charged } = decideAttempt(
      entry({ attempt: 1, running: true, workerId: 'worker-b' }),
      ME,
      true,
      NOW,
    );
    expect(decision).toMatchObject({ kind: 'start', attempt: 2 });
    expect(charged.lostCharges).toBe(1);
  });

  test.each([
    [1, 'start'],
    [2, 'start'],
    [3, 'quarantine'],
    [4, 'quarantine'],
  ])('after %i failures of Blender the verdict is %s', (suspectCharges, kind) => {
    const { decision } = decideAttempt(
      entry({ attempt: suspectCharges, suspectCharges, failure: CRASH }),
      ME,
      false,
      NOW,
    );
    expect(decision.kind).toBe(kind);
  });

  test('a retry after a failure of Blender wants a fresh Blender', () => {
    const { decision } = decideAttempt(entry({ attempt: 1, suspectCharges: 1, failure: CRASH }), ME, false, NOW);
    expect(decision).toEqual({ kind: 'start', attempt: 2, fresh: true });
  });

  test('quarantine tells the last failure, how often it came, and keeps its log', () => {
    const { decision } = decideAttempt(entry({ attempt: 3, suspectCharges: 3, failure: CRASH }), ME, false, NOW);
    expect(decision).toMatchObject({
      attempt: 4,
      error: {
        reason: 'blender_crash',
        message: 'given up after 3 attempts: signal SIGSEGV',
        detail: { stage: 'import', signal: 'SIGSEGV', logTail: ['x'] },
      },
    });
  });

  test.each([
    [3, 'start'],
    [4, 'quarantine'],
  ])('with %i workers lost before and one more now the verdict is %s', (lostCharges, kind) => {
    const { decision } = decideAttempt(entry({ attempt: 9, running: true, lostCharges }), ME, false, NOW);
    expect(decision.kind).toBe(kind);
  });

  test('an asset that workers vanish with ends as worker_lost and names the last of them', () => {
    const { decision } = decideAttempt(
      entry({ attempt: 5, running: true, lostCharges: 4, workerId: 'worker-b' }),
      ME,
      false,
      NOW,
    );
    expect(decision).toMatchObject({ kind: 'quarantine', error: { reason: 'worker_lost' } });
    expect((decision as { error: Error }).error.message).toContain("'worker-b'");
  });

  const failedHere = { attempt: 1, suspectCharges: 1, failure: CRASH };
  test.each<[string, Partial<LedgerEntry>, boolean, string]>([
    ['on which our Blender failed, while others live', failedHere, true, 'elsewhere'],
    ['on which our Blender failed, while we are alone', failedHere, false, 'start'],
    ['on which the Blender of another failed', { ...failedHere, workerId: 'worker-b' }, true, 'start'],
    ['on which our Blender failed over 30 s ago', { ...failedHere, updateTime: new Date(NOW - 30_000) }, true, 'start'],
    ['that we only handed back', { attempt: 1 }, true, 'start'],
    ['at which we ourselves vanished', { ...failedHere, running: true }, true, 'start'],
  ])('a task %s', (_, fields, others, kind) => {
    expect(decideAttempt(entry(fields), ME, others, NOW).decision.kind).toBe(kind);
  });
});

describe('the ledger keeps', () => {
  const task = Task.fromPartial({ jobId: 'job', taskId: 'task' });
  const crash = new CycloramaError('blender_crash', 'signal SIGSEGV');
  const open = (worker = ME, bucket = new MemoryBucket()) => createLedger({ bucket: () => bucket }, worker);
  const alone = async (): Promise<boolean> => false;

  test('count over attempts of several workers until the asset is given up', async () => {
    const bucket = new MemoryBucket();
    for (const worker of ['a', 'b', 'c']) {
      const ledger = open(worker, bucket);
      expect(await ledger.begin(task, alone)).toMatchObject({ kind: 'start' });
      await ledger.charge(task, crash);
    }
    expect(await open('d', bucket).begin(task, alone)).toMatchObject({
      kind: 'quarantine',
      attempt: 4,
      error: { reason: 'blender_crash' },
    });
  });

  test('nothing against an asset that was handed back however often', async () => {
    const ledger = open();
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      expect(await ledger.begin(task, alone)).toEqual({ kind: 'start', attempt, fresh: false });
      await ledger.handedBack(task);
    }
  });

  test('a worker that vanished five times', async () => {
    const bucket = new MemoryBucket();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const ledger = open(`w${attempt}`, bucket);
      expect(await ledger.begin(task, alone)).toMatchObject({ kind: 'start', attempt });
      await ledger.working(task);
    }
    expect(await open('last', bucket).begin(task, alone)).toMatchObject({
      kind: 'quarantine',
      error: { reason: 'worker_lost' },
    });
  });

  test('nothing of a task that is done', async () => {
    const bucket = new MemoryBucket();
    const ledger = open(ME, bucket);
    await ledger.begin(task, alone);
    await ledger.charge(task, crash);
    await ledger.done(task);
    expect(await bucket.all()).toEqual([]);
    expect(await ledger.begin(task, alone)).toEqual({ kind: 'start', attempt: 1, fresh: false });
  });

  test('nothing against an asset whose worker vanished before Blender had it', async () => {
    const bucket = new MemoryBucket();
    for (let worker = 1; worker <= 9; worker += 1) {
      expect(await open(`w${worker}`, bucket).begin(task, alone)).toMatchObject({ kind: 'start' });
    }
    expect(await bucket.all()).toEqual([]);
  });

  test('the charge for a vanished worker though the next attempt is handed back, be it before or after Blender had it', async () => {
    const bucket = new MemoryBucket();
    const lost = open('lost', bucket);
    await lost.begin(task, alone);
    await lost.working(task);
    const next = open('next', bucket);
    await next.handedBack(task);
    expect(LedgerEntry.fromJSON(JSON.parse((await bucket.all())[0]!.value))).toMatchObject({ running: true });
    await next.begin(task, alone);
    await next.handedBack(task);
    const handedBack = { attempt: 2, running: false, lostCharges: 1, workerId: 'next' };
    expect(LedgerEntry.fromJSON(JSON.parse((await bucket.all())[0]!.value))).toMatchObject(handedBack);
  });

  test('why an attempt was handed back, until Blender has the asset again', async () => {
    const bucket = new MemoryBucket();
    const ledger = open(ME, bucket);
    const trouble = async () => LedgerEntry.fromJSON(JSON.parse((await bucket.all())[0]!.value)).trouble?.reason;
    await ledger.begin(task, alone);
    await ledger.handedBack(task, new CycloramaError('scratch_full', 'no room'));
    expect(await trouble()).toBe('scratch_full');
    await ledger.begin(task, alone);
    expect(await trouble()).toBe('scratch_full');
    await ledger.working(task);
    expect(await trouble()).toBeUndefined();
    await ledger.handedBack(task);
    expect(await trouble()).toBeUndefined();
  });

  test('the verdict of quarantine until it is committed, and the name of the worker that vanished last', async () => {
    const bucket = new MemoryBucket();
    const standing = entry({ attempt: 5, running: true, lostCharges: 4, workerId: 'lost' });
    await bucket.put('job.task', JSON.stringify(LedgerEntry.toJSON(standing)));
    for (const worker of ['a', 'b']) {
      const ledger = open(worker, bucket);
      expect(await ledger.begin(task, alone)).toMatchObject({
        kind: 'quarantine',
        error: { reason: 'worker_lost' },
      });
      await ledger.handedBack(task);
    }
  });

  test('one write of a task that goes well', async () => {
    const bucket = new MemoryBucket();
    let writes = 0;
    const put = bucket.put.bind(bucket);
    bucket.put = (key, value) => {
      writes += 1;
      return put(key, value);
    };
    const ledger = open(ME, bucket);
    await ledger.begin(task, alone);
    await ledger.working(task);
    await ledger.done(task);
    expect([writes, await bucket.all()]).toEqual([1, []]);
  });

  test('others out of it until Blender failed', async () => {
    let asked = 0;
    const ledger = open();
    const others = async (): Promise<boolean> => {
      asked += 1;
      return true;
    };
    await ledger.begin(task, others);
    await ledger.handedBack(task);
    await ledger.begin(task, others);
    expect(asked).toBe(0);
    await ledger.charge(task, crash);
    await ledger.handedBack(task);
    expect(await ledger.begin(task, others)).toEqual({ kind: 'elsewhere', delayMs: 2_000 });
    expect(asked).toBe(1);
  });
});
