import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Asset, type AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryQueue } from '../../../test/support/memory/queue.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { until } from '../../../test/support/poll.ts';
import { driveConsumer, taskSubject } from '../bus/topics.ts';
import { CycloramaError, type Reason } from '../failure.ts';
import { createJobs } from '../jobs/jobs.ts';
import { createMetrics } from '../process/metrics.ts';
import type { Scan } from '../sources/source.ts';
import { runDriver } from './driver.ts';

const SOURCE: AssetSource = {
  source: { $case: 'prefix', value: { prefixUri: 's3://bucket/', suffixes: [], limit: 0n } },
};
const oneAsset: Scan = async function* () {
  yield { assets: [Asset.fromPartial({ uri: 's3://bucket/a.glb', etag: 'e' })] };
};
const failing = (error: Error): Scan =>
  async function* () {
    yield await Promise.reject(error);
  };

/** A driver over a bus in memory; the test puts the orders on its queue. */
function startDriver(scan: Scan, outputUri = '') {
  const bus = new MemoryBus();
  const queue = new MemoryQueue();
  bus.take = (stream, consumer, max) => queue.take(stream, consumer, max, 20);
  const store = new MemoryStore();
  const jobs = createJobs(bus, store);
  const ending = new AbortController();
  const ended = runDriver(
    {
      operation: 'note',
      ackWaitMs: 60_000,
      metrics: createMetrics('test'),
      bus,
      jobs,
      store,
      source: { scan, store, bus, readJob: jobs.read },
      recipe: 1,
      driverId: 'driver',
      liveWorkers: async () => [WorkerBeat.fromPartial({ slots: 1 })],
      stallMs: 60_000,
      log: pino({ level: 'silent' }),
    },
    ending.signal,
  );
  const stop = async (): Promise<void> => {
    ending.abort();
    await ended;
  };
  onTestFinished(stop);
  const order = (jobId: string): void => queue.push(driveConsumer('note'), JSON.stringify({ jobId }));
  const create = async (): Promise<string> => {
    const { jobId } = await jobs.create({
      operation: 'note',
      source: SOURCE,
      spec: {},
      outputUri,
      outputsBesideAssets: false,
      jobClass: JobClass.JOB_CLASS_BATCH,
      requestId: '',
      replace: false,
      retryOf: '',
      traceId: 'trace',
    });
    order(jobId);
    return jobId;
  };
  return { bus, queue, jobs, store, order, create, stop };
}

describe('a job whose source cannot be read', () => {
  test.each<Reason>(['bucket_not_found', 'bucket_not_allowed', 'manifest_invalid', 'access_denied', 'too_many_assets'])(
    'because of %s fails for good, with the reason',
    async (reason) => {
      const { queue, jobs, create } = startDriver(failing(new CycloramaError(reason, 'no', { stage: 'scan' })));
      const jobId = await create();
      await until('the order is acked', () => queue.count('acked') === 1);
      expect(await jobs.get(jobId)).toMatchObject({
        state: JobState.JOB_STATE_FAILED,
        failure: { reason, message: 'no' },
        endTime: expect.any(Date),
      });
    },
  );

  test.each<Reason>(['store_unavailable', 'service_unavailable', 'bus_unavailable'])(
    'because of %s just now waits for its driver to come back',
    async (reason) => {
      const { queue, jobs, create } = startDriver(failing(new CycloramaError(reason, 'not now')));
      const jobId = await create();
      await until('the order is handed back', () => queue.count('handed back') > 0);
      expect(queue.answers[0]).toMatchObject({ answer: 'handed back', delayMs: 5_000 });
      expect((await jobs.get(jobId)).state).toBe(JobState.JOB_STATE_PLANNING);
    },
  );

  test('because of a defect of ours is tried twenty times, then fails', async () => {
    const { queue, jobs, create } = startDriver(failing(new TypeError('undefined is not a function')));
    const jobId = await create();
    await until('the order is acked', () => queue.count('acked') === 1);
    expect(queue.count('handed back')).toBe(19);
    expect(await jobs.get(jobId)).toMatchObject({ state: JobState.JOB_STATE_FAILED, failure: { reason: 'internal' } });
  });

  test('because of a defect of ours is tried as often, however long it had to wait before', async () => {
    let reads = 0;
    const scan: Scan = async function* () {
      reads += 1;
      yield await Promise.reject(
        reads <= 30 ? new CycloramaError('service_unavailable', 'not now') : new TypeError('x'),
      );
    };
    const { queue, create } = startDriver(scan);
    await create();
    await until('the order is acked', () => queue.count('acked') === 1);
    expect(reads).toBe(50);
  });

  test('because it was gone goes on where somebody resumed it meanwhile', async () => {
    const { queue, jobs, create } = startDriver(failing(new CycloramaError('job_not_found', 'NATS forgot it')));
    const jobId = await create();
    await until('the order is acked', () => queue.count('acked') === 1);
    expect((await jobs.get(jobId)).state).toBe(JobState.JOB_STATE_PLANNING);
  });

  test('because its source was cancelled is cancelled, too', async () => {
    const { queue, jobs, create } = startDriver(failing(new CycloramaError('source_job_cancelled', 'no')));
    const jobId = await create();
    await until('the order is acked', () => queue.count('acked') === 1);
    expect((await jobs.get(jobId)).state).toBe(JobState.JOB_STATE_CANCELLED);
  });
});

test('a job that has ended lets go of its order though its output place takes no note of the end', async () => {
  const { queue, jobs, store, create } = startDriver(failing(new CycloramaError('access_denied', 'no')), 's3://out/');
  const jobId = await create();
  store.fault = (op) => {
    if (op === 'write') throw new CycloramaError('access_denied', 'no');
  };
  await until('the order is acked', () => queue.count('acked') === 1);
  expect((await jobs.get(jobId)).state).toBe(JobState.JOB_STATE_FAILED);
  expect(queue.count('handed back')).toBe(0);
});

test('an order for a job that nobody knows any more is dropped', async () => {
  const { queue, order } = startDriver(oneAsset);
  order('f'.repeat(32));
  await until('the order is acked', () => queue.count('acked') === 1);
});

test('an order for a job that has ended is dropped', async () => {
  const { queue, jobs, bus, create, order } = startDriver(oneAsset);
  const jobId = await create();
  await until('the task is queued', () => bus.payloads(taskSubject('note', 'batch', jobId)).length === 1);
  await jobs.cancel(jobId);
  await until('the order is acked', () => queue.count('acked') === 1);
  order(jobId);
  await until('the second order is acked', () => queue.count('acked') === 2);
  expect((await jobs.get(jobId)).state).toBe(JobState.JOB_STATE_CANCELLED);
});

test('a driver that is told to stop hands its jobs back at once, for another replica', async () => {
  const { queue, jobs, bus, create, stop } = startDriver(oneAsset);
  const jobId = await create();
  await until('the task is queued', () => bus.payloads(taskSubject('note', 'batch', jobId)).length === 1);
  await stop();
  expect(queue.answers.length).toBeGreaterThan(0);
  for (const given of queue.answers) expect(given).toMatchObject({ answer: 'handed back', delayMs: 0 });
  expect((await jobs.get(jobId)).state).toBe(JobState.JOB_STATE_RUNNING);
});
