import { expect, test } from 'vitest';
import { type Job, JobClass, JobCounts, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { createJobs } from './jobs.ts';

const OUTPUT = 's3://out/run/';
const DAY_MS = 24 * 3_600_000;

function open(store = new MemoryStore()) {
  const bus = new MemoryBus();
  const warnings: object[] = [];
  const jobs = createJobs(bus, store, { warn: (fields: object) => void warnings.push(fields) });
  const create = (requestId = '', outputUri = OUTPUT): Promise<Job> =>
    jobs.create({
      operation: 'note',
      source: { source: { $case: 'list', value: { uris: ['s3://bucket/a.glb'] } } },
      spec: {},
      outputUri,
      outputsBesideAssets: false,
      jobClass: JobClass.JOB_CLASS_BATCH,
      requestId,
      replace: false,
      retryOf: '',
      traceId: 'trace',
    });
  return { store, bus, jobs, warnings, create };
}

test.each(['{"job": {"jobId"', '{}', 'null'])(
  'a stored request that is spoilt (%s) keeps no other from being resumed',
  async (text) => {
    const { store, jobs, warnings, create } = open();
    const { jobId } = await create();
    const spoilt = 'out/run/_cyclorama/jobs/0.json';
    store.objects.set(spoilt, { body: Buffer.from(text), etag: 'e' });
    expect((await jobs.resume(OUTPUT)).map((job) => job.jobId)).toEqual([jobId]);
    expect(warnings).toEqual([{ request: `s3://${spoilt}` }]);
    store.objects.delete(`out/run/_cyclorama/jobs/${jobId}.json`);
    await expect(jobs.resume(OUTPUT)).rejects.toMatchObject({
      reason: 'no_jobs_to_resume',
      message: expect.stringContaining('0.json'),
    });
  },
);

test('a request in a dataset that somebody copied elsewhere is not resumed: its job would write to where it came from', async () => {
  const { store, jobs, warnings, create } = open();
  const { jobId } = await create();
  const copy = `copies/of-run/_cyclorama/jobs/${jobId}.json`;
  store.objects.set(copy, store.objects.get(`out/run/_cyclorama/jobs/${jobId}.json`)!);
  await expect(jobs.resume('s3://copies/of-run/')).rejects.toMatchObject({ reason: 'no_jobs_to_resume' });
  expect(warnings).toEqual([{ request: `s3://${copy}` }]);
});

test('a request whose request_id made another job since keeps no other from being resumed', async () => {
  const before = open();
  const { jobId } = await before.create('taken');
  const other = await before.create('free');
  // NATS lost everything.
  const { jobs, warnings, create } = open(before.store);
  await create('taken', 's3://out/another/');
  expect((await jobs.resume(OUTPUT)).map((job) => job.jobId)).toEqual([other.jobId]);
  expect(warnings).toMatchObject([{ job: jobId }]);
});

test('a job that is forgotten while it is watched is not found', async () => {
  const { jobs, create } = open();
  const { jobId } = await create();
  const watching = jobs.watch(jobId, new AbortController().signal);
  expect((await watching.next()).value).toMatchObject({ jobId });
  const next = watching.next();
  await jobs.forget(jobId);
  await expect(next).rejects.toMatchObject({ reason: 'job_not_found' });
});

test('a job is tried again only as long as its results are kept', async () => {
  const { jobs, create } = open();
  const end = async (ageMs: number): Promise<string> => {
    const { jobId } = await create(`ended ${ageMs} ms ago`);
    const job = { state: JobState.JOB_STATE_SUCCEEDED, endTime: new Date(Date.now() - ageMs) };
    const counts = JobCounts.fromPartial({ total: 1n, failed: 1n });
    await jobs.change(jobId, (entry) => ({ ...entry, job: { ...entry.job, ...job, counts } }));
    return jobId;
  };
  expect(await jobs.retry(await end(6 * DAY_MS), '', 'trace')).toMatchObject({ state: JobState.JOB_STATE_PLANNING });
  await expect(jobs.retry(await end(8 * DAY_MS), '', 'trace')).rejects.toMatchObject({
    reason: 'results_gone',
    message: expect.stringContaining('s3://out/run/index.jsonl'),
  });
});

test.each([true, false])(
  'a retry of a retry notes the source that decides output names (the retry noted it: %j)',
  async (noted) => {
    const { jobs, create } = open();
    const end = async ({ jobId }: Job): Promise<string> => {
      const job = { state: JobState.JOB_STATE_SUCCEEDED, endTime: new Date() };
      await jobs.change(jobId, (entry) => ({ ...entry, job: { ...entry.job, ...job } }));
      return jobId;
    };
    const first = await end(await create());
    const retry = await jobs.retry(first, '', 'trace');
    if (!noted) await jobs.change(retry.jobId, (entry) => ({ ...entry, namingSource: undefined }));
    const second = await end(retry);
    const { jobId } = await jobs.retry(second, '', 'trace');
    // NATS may forget them all.
    for (const before of [first, second]) await jobs.forget(before);
    const { namingSource } = await jobs.change(jobId, (entry) => entry);
    expect(namingSource?.source).toEqual({ $case: 'list', value: { uris: ['s3://bucket/a.glb'] } });
  },
);
