import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { TaskRuns } from '../../../test/support/memory/task-runs.ts';
import { CycloramaError, type Reason } from '../failure.ts';

const CLOSING: Partial<Task> = {
  taskId: 'closing',
  fingerprint: 'closing',
  closing: true,
  asset: Task.fromPartial({ asset: { uri: 's3://outputs/run/index.jsonl' } }).asset,
};
const FILES = ['index.jsonl', 'index.parquet', 'report.md'].map((name) => `outputs/run/${name}`);

const filesOf = ({ store }: TaskRuns): string[] => FILES.filter((name) => store.objects.has(name));

/** Has the store fail whenever records are listed. */
async function runsWith(reason: Reason): Promise<TaskRuns> {
  const runs = await TaskRuns.create();
  runs.store.fault = (op) => {
    if (op === 'list') throw new CycloramaError(reason, `it is ${reason}`);
  };
  return runs;
}

describe('a closing task', () => {
  test('writes index, table and report of what the tasks before it recorded, and publishes that it did', async () => {
    const runs = await TaskRuns.create();
    await runs.run();
    expect(await runs.run(CLOSING)).toEqual({ acked: true, handedBackMs: undefined });
    expect(filesOf(runs)).toEqual(FILES);
    expect(runs.store.json('outputs/run/index.jsonl')).toMatchObject({
      uri: 's3://assets/models/chair.glb',
      outcome: 'succeeded',
      stats: { text: 'done' },
    });
    expect(runs.published.at(-1)).toMatchObject({
      jobId: 'job-1',
      taskId: 'closing',
      outcome: Outcome.OUTCOME_SUCCEEDED,
      detail: { rows: 1, reused: 0, read: 1 },
      warnings: [],
    });
    expect(await runs.ledger.all()).toEqual([]);
  });

  test('counts as no asset', async () => {
    const runs = await TaskRuns.create();
    await runs.run(CLOSING);
    expect((await runs.metrics.tasksTotal.get()).values).toEqual([]);
  });

  test('that comes again does the same again', async () => {
    const runs = await TaskRuns.create();
    await runs.run();
    await runs.run(CLOSING);
    const index = runs.store.objects.get(FILES[0]!)?.body;
    expect(await runs.run(CLOSING, 2)).toMatchObject({ acked: true });
    expect(runs.store.objects.get(FILES[0]!)?.body).toEqual(index);
  });

  test.each<Reason>(['access_denied', 'scratch_full', 'bucket_not_found'])(
    'that meets %s is given up at once and says why',
    async (reason) => {
      const runs = await runsWith(reason);
      expect(await runs.run(CLOSING)).toEqual({ acked: true, handedBackMs: undefined });
      expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_FAILED, failure: { reason } }]);
      expect(filesOf(runs)).toEqual([]);
    },
  );

  test.each<Reason>(['store_unavailable', 'bus_unavailable'])('that meets %s is handed back', async (reason) => {
    const runs = await runsWith(reason);
    expect(await runs.run(CLOSING)).toMatchObject({ acked: false, handedBackMs: expect.any(Number) });
    expect(runs.published).toEqual([]);
  });

  test('that meets a defect of ours three times is given up', async () => {
    const runs = await runsWith('internal');
    for (let times = 0; times < 3; times++) expect(await runs.run(CLOSING)).toMatchObject({ acked: false });
    expect(await runs.run(CLOSING)).toMatchObject({ acked: true });
    expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_FAILED, failure: { reason: 'internal' } }]);
  });
});
