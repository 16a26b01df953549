import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Asset, type AssetSource, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobClass, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobEntry, Task, WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { until } from '../../../test/support/poll.ts';
import { STREAMS, taskSubject } from '../bus/topics.ts';
import { toDatasetPlaces } from '../dataset/places.ts';
import { CPU } from '../device.ts';
import { CycloramaError } from '../failure.ts';
import { createJobs, type JobDraft, type Jobs } from '../jobs/jobs.ts';
import { publishResult } from '../jobs/results.ts';
import type { Scan } from '../sources/source.ts';
import { driveJob } from './drive.ts';
import type { DriveParts } from './parts.ts';
import { isSuperseded } from './progress.ts';

const KEYS = Array.from({ length: 250 }, (_, n) => `m/${1000 + n}.glb`);

/** A deployment in memory whose jobs write nothing, and whose tasks end when the test says so. */
class Deployment {
  readonly bus = new MemoryBus();
  readonly jobs = createJobs(this.bus, new MemoryStore());
  readonly asked: string[] = [];
  keys = KEYS;
  #drivers = 0;

  /** Lists the keys as they are, and does not know of going on after one where they are not in order. */
  readonly scan: Scan = async function* (this: Deployment, { startAfter, limit }: Parameters<Scan>[0]) {
    this.asked.push(startAfter);
    const sorted = this.keys.every((key, n) => n === 0 || this.keys[n - 1]! < key);
    const rest = sorted ? this.keys.filter((key) => key > startAfter) : this.keys;
    const page = rest.slice(0, Number(limit) || undefined);
    yield { assets: page.map((key) => Asset.fromPartial({ uri: `s3://bucket/${key}`, etag: 'e' })) };
  }.bind(this);

  async create(outputUri = '', change: Partial<JobDraft> = {}): Promise<string> {
    const source: AssetSource = {
      source: { $case: 'prefix', value: { prefixUri: 's3://bucket/m/', suffixes: [], limit: 0n } },
    };
    const { jobId } = await this.jobs.create({
      operation: 'note',
      source,
      spec: {},
      outputUri,
      outputsBesideAssets: false,
      jobClass: JobClass.JOB_CLASS_BATCH,
      requestId: '',
      replace: false,
      retryOf: '',
      traceId: 'trace',
      ...change,
    });
    return jobId;
  }

  /** Drives a job until it ends or is told to stop. */
  drive(jobId: string, change: Partial<DriveParts> = {}): { job: Promise<Job>; stop: () => void } {
    this.#drivers += 1;
    const ending = new AbortController();
    const parts: DriveParts = {
      bus: this.bus,
      jobs: this.jobs,
      store: new MemoryStore(),
      source: { scan: this.scan, store: new MemoryStore(), bus: this.bus, readJob: this.jobs.read },
      recipe: 1,
      driverId: `driver-${this.#drivers}`,
      liveWorkers: async () => [WorkerBeat.fromPartial({ slots: 1 })],
      stallMs: 60_000,
      log: pino({ level: 'silent' }),
      ...change,
    };
    const job = driveJob(parts, jobId, ending.signal);
    // A drive that a test has stopped ends by its signal; nobody waits for it.
    job.catch(() => {});
    onTestFinished(() => ending.abort());
    return { job, stop: () => ending.abort(new Error('stopped')) };
  }

  queued(jobId: string): Task[] {
    return this.bus.payloads(taskSubject('note', '*', jobId)).map((payload) => Task.fromJSON(JSON.parse(payload)));
  }

  /** Takes every queued task off the queue and gives it a result. */
  async work(jobId: string, outcomeOf: (task: Task) => Outcome = () => Outcome.OUTCOME_SUCCEEDED): Promise<string[]> {
    const tasks = this.queued(jobId);
    await this.bus.purge(STREAMS.tasks, taskSubject('note', '*', jobId));
    for (const task of tasks) {
      const { taskId, asset } = task;
      await publishResult(this.bus, { ...TaskResult.fromPartial({ jobId, taskId, outcome: outcomeOf(task) }), asset });
    }
    return tasks.map(({ asset }) => asset!.uri.slice('s3://bucket/'.length));
  }

  /** Works until the planner has noted a place in the middle of the source, and leaves a full queue. */
  async workPastFirstBatch(jobId: string): Promise<string[]> {
    await until('as many are queued as may be', () => this.queued(jobId).length === 64);
    const done = await this.work(jobId);
    await until('the queue is full again', () => this.queued(jobId).length >= 64);
    await until('the planner has noted how far it came', async () => (await this.entry(jobId)).cursor !== '');
    return done;
  }

  /** Works until the job has ended; returns every asset as often as it was queued. */
  async workToTheEnd(jobId: string): Promise<string[]> {
    const done: string[] = [];
    await until('the job ends', async () => {
      done.push(...(await this.work(jobId)));
      return (await this.jobs.get(jobId)).state === JobState.JOB_STATE_SUCCEEDED;
    });
    return done;
  }

  async entry(jobId: string): Promise<JobEntry> {
    return JobEntry.fromJSON(JSON.parse((await this.bus.bucket('jobs').get(jobId))!.value));
  }
}

test('every asset is queued once, a share of them at a time, and the counts are those of the results', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create();
  const { job } = deployment.drive(jobId);
  await until('as many are queued as may be', () => deployment.queued(jobId).length === 64);
  const outcomes = [Outcome.OUTCOME_SUCCEEDED, Outcome.OUTCOME_FAILED, Outcome.OUTCOME_SKIPPED];
  const done: string[] = [];
  await until('the job ends', async () => {
    // 64, and those that were being published while the queue was counted.
    expect(deployment.queued(jobId).length).toBeLessThanOrEqual(128);
    done.push(...(await deployment.work(jobId, ({ assetName }) => outcomes[Number(assetName.slice(0, 4)) % 3]!)));
    return (await deployment.jobs.get(jobId)).endTime !== undefined;
  });
  expect(done.toSorted()).toEqual(KEYS);
  expect(await job).toMatchObject({
    state: JobState.JOB_STATE_SUCCEEDED,
    counts: { total: 250n, succeeded: 83n, failed: 84n, skipped: 83n, reused: 0n },
  });
});

test('more live slots get more tasks', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create();
  deployment.drive(jobId, { liveWorkers: async () => [WorkerBeat.fromPartial({ slots: 50 })] });
  await until('four a slot are queued', () => deployment.queued(jobId).length === 200);
});

test('a driver that takes over goes on where the last one noted to be, and nothing is left out', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create();
  const first = deployment.drive(jobId);
  const done = new Set(await deployment.workPastFirstBatch(jobId));
  first.stop();
  await expect(first.job).rejects.toThrow();
  deployment.asked.length = 0;
  const second = deployment.drive(jobId);
  for (const key of await deployment.workToTheEnd(jobId)) done.add(key);
  expect([...done].toSorted()).toEqual(KEYS);
  expect((await second.job).counts).toMatchObject({ total: 250n, succeeded: 250n });
  expect(deployment.asked[0]).not.toBe('');
});

test('a driver that takes over a source without key order reads it from the start', async () => {
  const deployment = new Deployment();
  deployment.keys = [...KEYS.slice(120), ...KEYS.slice(0, 120)];
  const jobId = await deployment.create();
  const first = deployment.drive(jobId);
  const done = new Set(await deployment.workPastFirstBatch(jobId));
  first.stop();
  await expect(first.job).rejects.toThrow();
  deployment.asked.length = 0;
  const second = deployment.drive(jobId);
  for (const key of await deployment.workToTheEnd(jobId)) done.add(key);
  expect([...done].toSorted()).toEqual(KEYS);
  expect((await second.job).counts).toMatchObject({ total: 250n, succeeded: 250n });
  expect(deployment.asked).toEqual(['']);
});

test('a driver that goes while it follows another job leaves the rest of it to the next one', async () => {
  const deployment = new Deployment();
  deployment.keys = KEYS.slice(0, 10);
  const before = await deployment.create();
  deployment.drive(before);
  await until('all are queued', () => deployment.queued(before).length === 10);
  const source: AssetSource = { source: { $case: 'job', value: { jobId: before, outcomes: [] } } };
  const jobId = await deployment.create('', { source });
  // NATS answers later than what the driver has under way ends.
  const change: Jobs['change'] = async (...request) => {
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    return deployment.jobs.change(...request);
  };
  const first = deployment.drive(jobId, { jobs: { ...deployment.jobs, change } });
  await until('it runs', async () => (await deployment.entry(jobId)).job?.state === JobState.JOB_STATE_RUNNING);
  first.stop();
  await expect(first.job).rejects.toThrow();
  expect((await deployment.entry(jobId)).planned).toBe(false);
  const second = deployment.drive(jobId);
  await deployment.workToTheEnd(before);
  await deployment.workToTheEnd(jobId);
  expect((await second.job).counts).toMatchObject({ total: 10n, succeeded: 10n });
});

test('a drive whose job another driver took stops and changes nothing more', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create();
  const first = deployment.drive(jobId);
  await until('as many are queued as may be', () => deployment.queued(jobId).length === 64);
  const second = deployment.drive(jobId);
  const error = await first.job.catch((thrown: unknown) => thrown);
  expect(isSuperseded(error)).toBe(true);
  await deployment.workToTheEnd(jobId);
  expect((await second.job).counts).toMatchObject({ total: 250n, succeeded: 250n });
});

test('a drive that still counts when another driver took the job changes nothing of it', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create();
  const slow = Promise.withResolvers<void>();
  const scan: Scan = async function* (...request) {
    await slow.promise;
    yield* deployment.scan(...request);
  };
  const source = { scan, store: new MemoryStore(), bus: deployment.bus, readJob: deployment.jobs.read };
  const first = deployment.drive(jobId, { source });
  await until('the first counts', async () => (await deployment.entry(jobId)).driverId.startsWith('driver-1'));
  deployment.drive(jobId);
  await until('the second runs', async () => (await deployment.entry(jobId)).job?.state === JobState.JOB_STATE_RUNNING);
  const { startTime } = await deployment.jobs.get(jobId);
  slow.resolve();
  expect(isSuperseded(await first.job.catch((thrown: unknown) => thrown))).toBe(true);
  expect((await deployment.jobs.get(jobId)).startTime).toEqual(startTime);
});

test('tasks that vanished without a result are queued again once nothing moves any more', async () => {
  const deployment = new Deployment();
  deployment.keys = KEYS.slice(0, 10);
  const jobId = await deployment.create();
  const { job } = deployment.drive(jobId, { stallMs: 300 });
  await until('all are queued', () => deployment.queued(jobId).length === 10);
  await deployment.bus.purge(STREAMS.tasks, taskSubject('note', 'batch', jobId));
  await until('all are queued again', () => deployment.queued(jobId).length === 10);
  await deployment.workToTheEnd(jobId);
  expect((await job).counts).toMatchObject({ total: 10n, succeeded: 10n });
  expect((await deployment.entry(jobId)).generation).toBe(2);
});

test('an asset whose record is spoilt is done again', async () => {
  const deployment = new Deployment();
  deployment.keys = KEYS.slice(0, 2);
  const store = new MemoryStore();
  const jobId = await deployment.create('s3://out/run/');
  const first = deployment.drive(jobId, { store });
  await until('both are queued', () => deployment.queued(jobId).length === 2);
  const [task, other] = deployment.queued(jobId);
  first.stop();
  await expect(first.job).rejects.toThrow();
  await deployment.bus.purge(STREAMS.tasks, taskSubject('note', 'batch', jobId));
  const put = ({ taskId, fingerprint }: Task, text: string): void => {
    const { key } = toDatasetPlaces('s3://out/run/').record({ assetId: taskId, fingerprint, outcome: 'failed' });
    store.objects.set(`out/${key}`, { body: Buffer.from(text), etag: 'e' });
  };
  put(task!, '{"result": {"jobId"');
  put(other!, '{"result": {"failure": {"reason": "no_geometry"}}}');
  const again = await deployment.create('s3://out/run/');
  deployment.drive(again, { store });
  await until('one is queued', () => deployment.queued(again).length > 0);
  expect(deployment.queued(again).map(({ taskId }) => taskId)).toEqual([task!.taskId]);
});

test('a job ends when nothing moves and its output place takes nothing', async () => {
  const deployment = new Deployment();
  const store = new MemoryStore();
  store.fault = (op) => {
    if (op === 'write') throw new CycloramaError('access_denied', 'no');
  };
  const jobId = await deployment.create('s3://out/run/');
  const { job } = deployment.drive(jobId, { store, stallMs: 300 });
  await expect(job).rejects.toMatchObject({ reason: 'access_denied' });
});

test('a job that waits for slow tasks is not planned again', async () => {
  const deployment = new Deployment();
  deployment.keys = KEYS.slice(0, 10);
  const jobId = await deployment.create();
  deployment.drive(jobId, { stallMs: 300 });
  await until('all are queued', () => deployment.queued(jobId).length === 10);
  const start = performance.now();
  await until('it waited for several times the limit', () => performance.now() - start > 1_500);
  expect((await deployment.entry(jobId)).generation).toBe(1);
  expect(deployment.queued(jobId)).toHaveLength(10);
});

test('a job that is cancelled in mid-plan leaves nothing on the queue', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create();
  const { job } = deployment.drive(jobId);
  await until('as many are queued as may be', () => deployment.queued(jobId).length === 64);
  await deployment.jobs.cancel(jobId);
  expect(await job).toMatchObject({ state: JobState.JOB_STATE_CANCELLED, counts: { total: 250n, cancelled: 250n } });
  expect(deployment.queued(jobId)).toEqual([]);
});

test('a job that leaves no index succeeds also when its last result comes while progress is being saved', async () => {
  const deployment = new Deployment();
  deployment.keys = ['a.glb'];
  const jobId = await deployment.create();
  let worked = false;
  const change: Jobs['change'] = async (...request) => {
    if (!worked && deployment.queued(jobId).length > 0) {
      worked = true;
      await deployment.work(jobId);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
    }
    return deployment.jobs.change(...request);
  };
  const { job } = deployment.drive(jobId, { jobs: { ...deployment.jobs, change } });
  expect(await job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { succeeded: 1n } });
});

test('a job is driven on where the live workers cannot be read', async () => {
  const deployment = new Deployment();
  deployment.keys = ['a.glb'];
  const jobId = await deployment.create();
  let asked = 0;
  const liveWorkers = async (): Promise<WorkerBeat[]> => {
    // The planner asks later, and has to know.
    if (asked++ > 0) return [WorkerBeat.fromPartial({ slots: 1 })];
    throw new Error('no answer');
  };
  const { job } = deployment.drive(jobId, { liveWorkers });
  await deployment.workToTheEnd(jobId);
  expect(await job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED });
});

describe('a job whose tasks no live worker may take', () => {
  test.each([
    [false, [], "no live worker takes tasks of 'note'; tasks wait", [CPU]],
    [true, [CPU], "require_gpu: no live worker that takes tasks of 'note' has a GPU; tasks wait", [CPU, 'H100']],
  ])('says so while they wait (require_gpu: %j)', async (requireGpu, without, warning, enough) => {
    const deployment = new Deployment();
    const jobId = await deployment.create('', { requireGpu });
    const warnings = async () => (await deployment.jobs.get(jobId)).warnings;
    let devices: string[] = enough;
    const { job } = deployment.drive(jobId, {
      liveWorkers: async () => devices.map((device) => WorkerBeat.fromPartial({ device, slots: 1 })),
    });
    await until('tasks are queued', () => deployment.queued(jobId).length >= 64);
    expect(await warnings()).toEqual([]);
    devices = without;
    await until('the job warns', async () => (await warnings()).join() === warning);
    devices = enough;
    await until('the warning goes', async () => (await warnings()).length === 0);
    devices = without;
    await until('the job warns again', async () => (await warnings()).length > 0);
    await deployment.workToTheEnd(jobId);
    expect(await job).toMatchObject({ counts: { succeeded: 250n }, warnings: [] });
  });

  test('is quiet where nothing is queued', async () => {
    const deployment = new Deployment();
    deployment.keys = [];
    const { job } = deployment.drive(await deployment.create(), { liveWorkers: async () => [] });
    expect(await job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, warnings: [] });
  });
});

test('a job whose tasks are handed back says why while nothing comes of them', async () => {
  const deployment = new Deployment();
  deployment.keys = ['a.glb', 'b.glb', 'c.glb'];
  const jobId = await deployment.create();
  const ledger = deployment.bus.bucket('ledger');
  const warnings = async () => (await deployment.jobs.get(jobId)).warnings;
  for (const [task, reason] of Object.entries({ t1: 'scratch_full', t2: 'scratch_full', t3: undefined }))
    await ledger.put(
      `${jobId}.${task}`,
      JSON.stringify({ trouble: reason && { reason, message: `no room for ${task}` } }),
    );
  await ledger.put('another.t1', JSON.stringify({ trouble: { reason: 'internal', message: 'not ours' } }));
  const { job } = deployment.drive(jobId, { stallMs: 300 });
  await until('the job warns', async () => (await warnings()).length > 0);
  expect(await warnings()).toEqual(['tasks are handed back and tried again: scratch_full: no room for t1']);
  for (const task of ['t1', 't2']) await ledger.remove(`${jobId}.${task}`);
  await until('the warning goes', async () => (await warnings()).length === 0);
  await deployment.workToTheEnd(jobId);
  expect(await job).toMatchObject({ counts: { succeeded: 3n }, warnings: [] });
});

test('tasks that need a GPU are queued apart, and counted and purged like all others', async () => {
  const deployment = new Deployment();
  const jobId = await deployment.create('', { requireGpu: true });
  const { job } = deployment.drive(jobId);
  await until('as many are queued as may be', () => deployment.queued(jobId).length === 64);
  expect(deployment.bus.payloads(taskSubject('note', 'batch-gpu', jobId))).toHaveLength(64);
  await deployment.jobs.cancel(jobId);
  expect((await job).state).toBe(JobState.JOB_STATE_CANCELLED);
  expect(deployment.queued(jobId)).toEqual([]);
});
