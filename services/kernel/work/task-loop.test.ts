import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import { JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { MemoryBucket } from '../../../test/support/memory/bucket.ts';
import {
  type Behaviour,
  backAfter,
  countOf,
  DONE,
  endless,
  failing,
  jobIn,
  NOTE,
  recordsOf,
  TaskRuns,
  taskOf,
} from '../../../test/support/memory/task-runs.ts';
import { CycloramaError, type Reason } from '../failure.ts';

describe('a task that goes well', () => {
  test('leaves its output, one record and one result, and is acked last', async () => {
    const runs = await TaskRuns.create();
    expect(await runs.run()).toEqual(DONE);
    expect(runs.store.objects.get(NOTE)?.body.toString()).toBe('done');
    expect(recordsOf(runs)).toEqual([expect.stringMatching(/\.succeeded\.json$/)]);
    expect(runs.published).toMatchObject([
      {
        jobId: 'job-1',
        outcome: Outcome.OUTCOME_SUCCEEDED,
        reused: false,
        attempt: 1,
        workerId: 'worker-a',
        detail: { words: 1 },
        outputs: [{ uri: `s3://${NOTE}`, sizeBytes: 4n }],
        recordUri: `s3://${recordsOf(runs)[0]}`,
      },
    ]);
    expect(await runs.ledger.all()).toEqual([]);
    expect(await countOf(runs)).toEqual([{ queue: 'note', outcome: 'succeeded', reason: '', value: 1 }]);
  });

  test('without a place to write leaves nothing but its result, with the report in it', async () => {
    const runs = await TaskRuns.create();
    const before = [...runs.store.objects.keys()];
    expect(await runs.run({ outputUri: '' })).toEqual(DONE);
    expect([...runs.store.objects.keys()]).toEqual(before);
    expect(runs.published).toMatchObject([{ recordUri: '', detail: { words: 1, report: { text: 'done' } } }]);
  });
});

describe('a failure', () => {
  test.each<Reason>(['invalid_asset', 'import_failed', 'no_geometry', 'asset_too_large'])(
    '%s of the asset is recorded at once, with an error report, and never tried again',
    async (reason) => {
      const runs = await TaskRuns.create();
      runs.behave = failing(reason, { stage: 'import', logTail: ['line'] });
      expect(await runs.run()).toEqual(DONE);
      expect(runs.store.objects.get(NOTE)?.body.toString()).toBe(reason);
      expect(recordsOf(runs)).toEqual([expect.stringMatching(/\.failed\.json$/)]);
      expect(runs.published).toMatchObject([
        {
          outcome: Outcome.OUTCOME_FAILED,
          failure: { reason, message: `it is ${reason}`, stage: 'import', logTail: [] },
        },
      ]);
      expect(runs.store.json(recordsOf(runs)[0]!)).toMatchObject({ result: { failure: { logTail: ['line'] } } });
      expect(await runs.ledger.all()).toEqual([]);
      expect(await countOf(runs)).toEqual([{ queue: 'note', outcome: 'failed', reason, value: 1 }]);
    },
  );

  test.each<Reason>(['blender_crash', 'blender_hang', 'blender_out_of_memory'])(
    '%s is charged, handed back at once, tried in a fresh Blender, and ends in quarantine after three',
    async (reason) => {
      const runs = await TaskRuns.create();
      runs.behave = failing(reason, { logTail: ['last words'] });
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        expect(await runs.run({}, attempt)).toEqual(backAfter(0));
        expect(recordsOf(runs)).toEqual([]);
      }
      expect(runs.fresh).toEqual([false, true, true]);
      expect(await runs.run({}, 4)).toEqual(DONE);
      expect(runs.fresh).toHaveLength(3);
      expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_FAILED, attempt: 4, failure: { reason } }]);
      expect(runs.published[0]?.failure?.message).toMatch(/^given up after 3 attempts/);
    },
  );

  test('of ours counts like a crash, so that one bad asset cannot keep a queue busy for ever', async () => {
    const runs = await TaskRuns.create();
    runs.behave = async () => {
      throw new TypeError('undefined is not a function');
    };
    expect(await runs.run()).toEqual(backAfter(1_000));
    const [entry] = await runs.ledger.all();
    expect(JSON.parse(entry!.value)).toMatchObject({ suspectCharges: 1, failure: { reason: 'internal' } });
  });

  test.each<[string, (runs: TaskRuns) => void]>([
    [
      'of the scratch disk beside Blender',
      (runs) => {
        runs.behave = async () => {
          throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
        };
      },
    ],
    [
      'that nobody foresaw before the attempt',
      (runs) => {
        runs.store.fault = (op) => {
          if (op === 'list') throw new TypeError('undefined is not a function');
        };
      },
    ],
  ])('%s is never charged, however often, and hands back with a pause', async (_, arrange) => {
    const runs = await TaskRuns.create();
    const { behave } = runs;
    arrange(runs);
    for (const [delivered, delayMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000].entries()) {
      expect(await runs.run({}, delivered + 1)).toEqual(backAfter(delayMs));
      const [entry] = await runs.ledger.all();
      expect(JSON.parse(entry!.value)).toEqual({
        attempt: delivered + 1,
        workerId: 'worker-a',
        updateTime: expect.any(String),
        trouble: expect.objectContaining({ message: expect.stringMatching(/EROFS|undefined is not a function/) }),
      });
    }
    runs.behave = behave;
    runs.store.fault = () => {};
    expect(await runs.run({}, 7)).toEqual(DONE);
    expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_SUCCEEDED }]);
  });

  test('of a worker that vanishes is charged only once Blender has the asset', async () => {
    const runs = await TaskRuns.create();
    let atDownload: Promise<unknown[]> | undefined;
    runs.store.fault = (op) => {
      if (op === 'download') atDownload = runs.ledger.all();
    };
    const { behave } = runs;
    runs.behave = async (task, limits) => {
      const [entry] = await runs.ledger.all();
      expect(JSON.parse(entry!.value)).toMatchObject({ attempt: 1, running: true });
      return behave(task, limits);
    };
    expect(await runs.run()).toEqual(DONE);
    expect(await atDownload).toEqual([]);
    expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_SUCCEEDED }]);
  });

  test.each<[number, number]>([
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [50, 60_000],
  ])('of the store hands delivery %i back for %i ms and charges nothing', async (delivered, delayMs) => {
    const runs = await TaskRuns.create();
    runs.store.fault = (op) => {
      if (op === 'download') throw new CycloramaError('store_unavailable', 'no answer');
    };
    expect(await runs.run({}, delivered)).toEqual(backAfter(delayMs));
    const [entry] = await runs.ledger.all();
    expect(JSON.parse(entry!.value)).not.toHaveProperty('suspectCharges');
    runs.store.fault = () => {};
    expect(await runs.run({}, delivered + 1)).toEqual(DONE);
    expect(runs.fresh).toEqual([false]);
  });

  test('while the record is written leaves no result; the next attempt gives it', async () => {
    const runs = await TaskRuns.create();
    runs.store.fault = (op, { key }) => {
      if (op === 'write' && key.includes('/records/')) throw new CycloramaError('store_unavailable', 'no answer');
    };
    expect(await runs.run()).toEqual(backAfter(1_000));
    expect([recordsOf(runs), runs.published]).toEqual([[], []]);
    runs.store.fault = () => {};
    expect(await runs.run({}, 2)).toEqual(DONE);
    expect(runs.published).toMatchObject([{ attempt: 2, outcome: Outcome.OUTCOME_SUCCEEDED }]);
  });

  test.each<[string, Behaviour | undefined, Reason]>([
    ['that went well', undefined, 'output_refused'],
    ['that failed anyway', failing('import_failed'), 'import_failed'],
  ])('to place the outputs of a task %s is recorded without them', async (_, behave, reason) => {
    const runs = await TaskRuns.create();
    runs.behave = behave ?? runs.behave;
    runs.store.fault = (op, { key }) => {
      if (op === 'write' && key.endsWith('.txt')) throw new CycloramaError('output_refused', 'KeyTooLongError');
    };
    expect(await runs.run()).toEqual(DONE);
    expect(recordsOf(runs)).toEqual([expect.stringMatching(/\.failed\.json$/)]);
    expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_FAILED, failure: { reason }, outputs: [] }]);
  });

  test('access_denied is the asset’s where it is read, and ours where results are written', async () => {
    const runs = await TaskRuns.create();
    runs.behave = failing('access_denied', { stage: 'download' });
    expect(await runs.run()).toEqual(DONE);
    expect(runs.published).toMatchObject([{ failure: { reason: 'access_denied' } }]);
    const denied = await TaskRuns.create();
    denied.store.fault = (op) => {
      if (op === 'write') throw new CycloramaError('access_denied', 'no');
    };
    expect(await denied.run()).toEqual(backAfter(1_000));
  });

  test('of our own Blender leaves the asset to another live worker for a while', async () => {
    const ledger = new MemoryBucket();
    const runs = await TaskRuns.create('worker-a', ledger);
    runs.othersLive = true;
    runs.behave = failing('blender_crash');
    expect(await runs.run()).toEqual(backAfter(0));
    expect(await runs.run({}, 2)).toEqual(backAfter(2_000));
    const other = await TaskRuns.create('worker-b', ledger);
    other.othersLive = true;
    expect(await other.run({}, 3)).toEqual(DONE);
    expect(other.fresh).toEqual([true]);
  });
});

describe('a job that has ended', () => {
  test.each(['JOB_STATE_CANCELLED', 'JOB_STATE_FAILED', 'JOB_STATE_SUCCEEDED'] as const)(
    'as %s has its tasks dropped unseen',
    async (state) => {
      const runs = await TaskRuns.create();
      runs.jobs.set('job-1', jobIn(JobState[state]));
      expect(await runs.run()).toEqual(DONE);
      expect([runs.fresh, runs.published, recordsOf(runs)]).toEqual([[], [], []]);
    },
  );

  test('and was forgotten has its tasks dropped, too', async () => {
    const runs = await TaskRuns.create();
    runs.jobs.clear();
    expect(await runs.run()).toEqual(DONE);
    expect(runs.fresh).toEqual([]);
  });

  test('in mid-task has Blender stopped within ten seconds and leaves nothing behind', async () => {
    const runs = await TaskRuns.create();
    runs.behave = (task, limits) => {
      runs.jobs.set('job-1', jobIn(JobState.JOB_STATE_CANCELLED));
      return endless(task, limits);
    };
    const start = performance.now();
    expect(await runs.run()).toEqual(DONE);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect([runs.published, recordsOf(runs), await runs.ledger.all()]).toEqual([[], [], []]);
  });
});

describe('a drain', () => {
  test('hands a running task back at once and charges nothing', async () => {
    const runs = await TaskRuns.create();
    runs.behave = (task, limits) => {
      queueMicrotask(() => runs.drain.abort(new CycloramaError('worker_draining', 'the worker is going away')));
      return endless(task, limits);
    };
    const start = performance.now();
    expect(await runs.run({}, 9)).toEqual(backAfter(0));
    expect(performance.now() - start).toBeLessThan(10_000);
    const [entry] = await runs.ledger.all();
    expect(JSON.parse(entry!.value)).toEqual({ attempt: 1, workerId: 'worker-a', updateTime: expect.any(String) });
    expect(recordsOf(runs)).toEqual([]);
  });

  test('lets an upload that has begun end in a record', async () => {
    const runs = await TaskRuns.create();
    runs.store.fault = (op) => {
      if (op === 'write') runs.drain.abort(new CycloramaError('worker_draining', 'the worker is going away'));
    };
    expect(await runs.run()).toEqual(DONE);
    expect(runs.drain.signal.aborted).toBe(true);
    expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_SUCCEEDED }]);
  });
});

test('a task of an operation that this worker does not know waits for one that does', async () => {
  const runs = await TaskRuns.create();
  expect(await runs.run({ operation: 'rendering' })).toEqual(backAfter(15_000));
  expect(await runs.ledger.all()).toEqual([]);
});

test('an asset that is another one than was listed is recorded as changed', async () => {
  const runs = await TaskRuns.create();
  expect(await runs.run({ asset: { ...taskOf().asset!, etag: 'e0' } })).toEqual(DONE);
  expect(runs.published).toMatchObject([{ failure: { reason: 'asset_changed' } }]);
});

test('what Blender says of its time and warnings is in the result', async () => {
  const runs = await TaskRuns.create();
  runs.behave = async () =>
    BlenderResult.fromPartial({ stageSeconds: { import: 0.25 }, warnings: ["texture 'a.png' is missing"] });
  await runs.run();
  expect(runs.published).toMatchObject([{ stageSeconds: { import: 0.25 }, warnings: ["texture 'a.png' is missing"] }]);
});
