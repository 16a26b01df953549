import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { backAfter, DONE, failing, jobIn, NOTE, recordsOf, TaskRuns } from '../../../test/support/memory/task-runs.ts';

describe('a task that was done before', () => {
  test('by an attempt that could not ack publishes the recorded result and does nothing else', async () => {
    const runs = await TaskRuns.create();
    await runs.run();
    runs.published.length = 0;
    expect(await runs.run({}, 2)).toEqual(DONE);
    expect(runs.published).toMatchObject([{ attempt: 1, reused: false, outcome: Outcome.OUTCOME_SUCCEEDED }]);
    expect(runs.fresh).toHaveLength(1);
  });

  test('by another job counts as reused', async () => {
    const runs = await TaskRuns.create();
    await runs.run();
    runs.jobs.set('job-2', jobIn(JobState.JOB_STATE_RUNNING));
    expect(await runs.run({ jobId: 'job-2' })).toEqual(DONE);
    expect(runs.published[1]).toMatchObject({ jobId: 'job-2', reused: true, outcome: Outcome.OUTCOME_SUCCEEDED });
    expect(runs.fresh).toHaveLength(1);
  });

  test('and failed in another job is tried again; what succeeds takes the place of the failure', async () => {
    const runs = await TaskRuns.create();
    const blender = runs.behave;
    runs.behave = failing('import_failed');
    await runs.run();
    runs.behave = blender;
    runs.jobs.set('job-2', jobIn(JobState.JOB_STATE_RUNNING));
    expect(await runs.run({ jobId: 'job-2' })).toEqual(DONE);
    expect(recordsOf(runs)).toEqual([expect.stringMatching(/\.succeeded\.json$/)]);
    expect(runs.store.objects.get(NOTE)?.body.toString()).toBe('done');
  });

  test('with other settings is done again, and its older records go', async () => {
    const runs = await TaskRuns.create();
    await runs.run();
    expect(await runs.run({ fingerprint: 'e'.repeat(32) })).toEqual(DONE);
    expect(recordsOf(runs)).toEqual([expect.stringContaining(`-${'e'.repeat(32)}.succeeded`)]);
    expect(runs.fresh).toHaveLength(2);
  });
});

describe('two attempts at one task', () => {
  test('give one record and one result, whoever is faster', async () => {
    const [runs, other] = [await TaskRuns.create('worker-a'), await TaskRuns.create('worker-b')];
    Object.assign(other, { store: runs.store, published: runs.published });
    const blender = runs.behave;
    runs.behave = async (task, limits) => {
      expect(await other.run()).toEqual(DONE);
      return blender(task, limits);
    };
    expect(await runs.run()).toEqual(DONE);
    expect(recordsOf(runs)).toHaveLength(1);
    expect(runs.published).toMatchObject([{ workerId: 'worker-b' }]);
  });

  test('are never one worker’s: what comes again while it is still at work goes back and charges nothing', async () => {
    const runs = await TaskRuns.create();
    const blender = runs.behave;
    runs.behave = async (task, limits) => {
      expect(await runs.run({}, 2)).toEqual(backAfter(15_000));
      return blender(task, limits);
    };
    expect(await runs.run()).toEqual(DONE);
    expect(runs.fresh).toHaveLength(1);
    expect(runs.published).toMatchObject([{ attempt: 1, outcome: Outcome.OUTCOME_SUCCEEDED }]);
    expect(await runs.run({}, 3)).toEqual(DONE);
  });

  test('of which one writes over what the other has just recorded, give the record of what lies there', async () => {
    const [runs, other] = [await TaskRuns.create('worker-a'), await TaskRuns.create('worker-b')];
    const blender = runs.behave;
    runs.store.objects.set(NOTE, { body: Buffer.from('of the other'), etag: 'other' });
    runs.behave = async (task, limits) => {
      await other.run();
      const [record] = recordsOf(other);
      const body = other.store.objects
        .get(record!)!
        .body.toString()
        .replace(/"sha256": "\w+"/, '"sha256": "other"');
      runs.store.objects.set(record!, { body: Buffer.from(body), etag: 'r1' });
      return blender(task, limits);
    };
    expect(await runs.run()).toEqual(DONE);
    expect(runs.store.objects.get(NOTE)?.body.toString()).toBe('done');
    const [record, ...more] = recordsOf(runs);
    expect(more).toEqual([]);
    expect(runs.store.json(record!)).toMatchObject({
      result: { workerId: 'worker-a', outputs: [{ etag: runs.store.objects.get(NOTE)!.etag }] },
    });
  });

  test('that meet at the output hand the later one back where no record says more', async () => {
    const runs = await TaskRuns.create();
    const blender = runs.behave;
    runs.behave = async (task, limits) => {
      runs.store.objects.set(NOTE, { body: Buffer.from('of another attempt'), etag: 'other' });
      return blender(task, limits);
    };
    expect(await runs.run()).toEqual(backAfter(1_000));
    expect(runs.store.objects.get(NOTE)?.body.toString()).toBe('of another attempt');
    runs.behave = blender;
    expect(await runs.run({}, 2)).toEqual(DONE);
    expect(runs.store.objects.get(NOTE)?.body.toString()).toBe('done');
  });
});
