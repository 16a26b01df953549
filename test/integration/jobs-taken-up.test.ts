import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { driveSubject, STREAMS, taskConsumer, taskSubject } from '../../services/kernel/bus/topics.ts';
import type { JobDraft } from '../../services/kernel/jobs/jobs.ts';
import { boxGlb } from '../support/assets/glb.ts';
import { jobDraft, listSource, prefixSource } from '../support/memory/job-draft.ts';
import { until } from '../support/poll.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { KernelStack } from '../support/stacks/kernel.ts';

const { OUTCOME_SUCCEEDED, OUTCOME_FAILED } = Outcome;
const TRACE = '0123456789abcdef0123456789abcdef';
let stack: KernelStack;
let requests = 0;

beforeAll(async () => {
  stack = await KernelStack.create(await TestS3.create());
  for (const bucket of ['assets', 'outputs', 'slow']) await stack.store.createBucket(bucket);
  await stack.fill('assets', { 'models/b.glb': boxGlb() });
  // More than the worker has slots, so that nothing goes on until they are freed.
  const hang = boxGlb({ materials: ['hang'] });
  await stack.fill('slow', { '1.glb': hang, '2.glb': hang, '3.glb': hang });
  await stack.startWorker({ CYCLORAMA_SLOTS: '2' });
});
afterAll(() => stack?.close());

function draft(change: Partial<JobDraft>): JobDraft {
  requests += 1;
  return jobDraft(prefixSource('s3://slow/'), `s3://outputs/run-${requests}/`, change);
}

async function run(change: Partial<JobDraft>): Promise<Job> {
  return stack.ended((await stack.jobs.create(draft(change))).jobId);
}

const reasonsOf = async ({ jobId }: Job) =>
  Object.fromEntries([...(await stack.results(jobId))].map(([key, { failure }]) => [key, failure?.reason ?? '']));

describe('a cancelled job', () => {
  test('ends at once, frees its Blender within ten seconds, and never changes again', async () => {
    const { jobId } = await stack.jobs.create(draft({ source: prefixSource('s3://slow/') }));
    await until('its tasks are in hand', async () => {
      const { inFlight } = await stack.bus.depth(STREAMS.tasks, taskConsumer('analysis', 'batch'));
      return inFlight === 3;
    });
    await expect(stack.jobs.retry(jobId, '', TRACE)).rejects.toMatchObject({ reason: 'job_not_ended' });
    const start = performance.now();
    const cancelled = await stack.jobs.cancel(jobId);
    expect(cancelled).toMatchObject({
      state: JobState.JOB_STATE_CANCELLED,
      counts: { total: 3n, succeeded: 0n, cancelled: 3n },
    });
    expect((await run({ source: listSource('s3://assets/models/b.glb') })).counts).toMatchObject({ succeeded: 1n });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(await stack.jobs.cancel(jobId)).toMatchObject({
      state: JobState.JOB_STATE_CANCELLED,
      endTime: cancelled.endTime,
    });
    await until('nothing of it is queued', async () => {
      const queued = await stack.bus.count(STREAMS.tasks, taskSubject('analysis', 'batch', jobId));
      return queued + (await stack.bus.count(STREAMS.jobs, driveSubject('analysis', jobId))) === 0;
    });
    expect((await stack.results(jobId)).size).toBe(0);
  });
});

describe('a retry', () => {
  test('does the failed assets again and no others; what succeeds takes the place of the failure', async () => {
    const fixed = stack.path('fixed');
    await stack.fill('assets', {
      'flaky/good.glb': boxGlb(),
      'flaky/refused.glb': boxGlb({ materials: ['refuse'] }),
      'flaky/flaky.glb': boxGlb({ materials: [`unless ${fixed}`] }),
    });
    const outputUri = 's3://outputs/retried/';
    const first = await run({ source: prefixSource('s3://assets/flaky/'), outputUri });
    expect(first.counts).toMatchObject({ succeeded: 1n, failed: 2n });
    await writeFile(fixed, '');
    const again = await stack.jobs.retry(first.jobId, 'again', TRACE);
    expect((await stack.jobs.retry(first.jobId, 'again', TRACE)).jobId).toBe(again.jobId);
    const second = await stack.ended(again.jobId);
    expect(second).toMatchObject({
      retryOf: first.jobId,
      counts: { total: 2n, succeeded: 1n, failed: 1n, reused: 0n },
    });
    expect(await reasonsOf(second)).toEqual({ 'flaky/flaky.glb': '', 'flaky/refused.glb': 'import_failed' });
    const records = await stack.keys('outputs', 'retried/_cyclorama/records/');
    expect(records.map((key) => key.split('.').at(-2)).toSorted()).toEqual(['failed', 'succeeded', 'succeeded']);
    expect(await stack.json('outputs', 'retried/flaky_report.json')).toMatchObject({ status: 'success' });
    const whole = await run({ source: prefixSource('s3://assets/flaky/'), outputUri });
    expect(whole.counts).toMatchObject({ total: 3n, succeeded: 2n, failed: 1n, reused: 3n });
  });
});

test('a retry takes an asset that was mended in its place as it is now', async () => {
  await stack.fill('assets', { 'mended/a.glb': 'broken' });
  const outputUri = 's3://outputs/mended/';
  const first = await run({ source: prefixSource('s3://assets/mended/'), outputUri });
  expect(first.counts).toMatchObject({ failed: 1n });
  await stack.fill('assets', { 'mended/a.glb': boxGlb() });
  const second = await stack.ended((await stack.jobs.retry(first.jobId, '', TRACE)).jobId);
  expect(await reasonsOf(second)).toEqual({ 'mended/a.glb': '' });
});

describe('an asset that Blender dies of', () => {
  test('is tried three times and given up with the reason, and the others are done', async () => {
    await stack.fill('assets', { 'deadly/crash.glb': boxGlb({ materials: ['crash'] }), 'deadly/good.glb': boxGlb() });
    const job = await run({ source: prefixSource('s3://assets/deadly/') });
    expect(job.counts).toMatchObject({ total: 2n, succeeded: 1n, failed: 1n });
    const crashed = (await stack.results(job.jobId)).get('deadly/crash.glb');
    expect(crashed).toMatchObject({ outcome: OUTCOME_FAILED, attempt: 4, failure: { reason: 'blender_crash' } });
    expect(crashed?.failure?.message).toMatch(/^given up after 3 attempts/);
    await until('nothing is charged any more', async () =>
      (await stack.bus.bucket('ledger').all()).every(({ key }) => !key.startsWith(job.jobId)),
    );
  });
});

test('a job that NATS forgot goes on from its output place, and what was done stays done', async () => {
  const gate = stack.path('gate');
  await stack.fill('assets', {
    'resumed/a.glb': boxGlb(),
    'resumed/b.glb': boxGlb({ materials: [`until ${gate}`] }),
    'resumed/c.glb': boxGlb(),
  });
  const outputUri = 's3://outputs/resumed/';
  const { jobId } = await stack.jobs.create(
    draft({ source: prefixSource('s3://assets/resumed/'), outputUri, requestId: 'r' }),
  );
  await stack.until(jobId, ({ counts }) => counts!.succeeded >= 1n);
  await stack.jobs.forget(jobId);
  await stack.bus.purge(STREAMS.jobs, driveSubject('analysis', jobId));
  await stack.bus.purge(STREAMS.tasks, taskSubject('analysis', 'batch', jobId));
  await expect(stack.jobs.get(jobId)).rejects.toMatchObject({ reason: 'job_not_found' });
  await writeFile(gate, '');
  const [resumed, ...others] = await stack.jobs.resume(outputUri);
  expect([resumed?.jobId, others]).toEqual([jobId, []]);
  const job = await stack.ended(jobId);
  expect(job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { total: 3n, succeeded: 3n, failed: 0n } });
  expect(await stack.keys('outputs', 'resumed/_cyclorama/records/')).toHaveLength(3);
  for (const { outcome } of (await stack.results(jobId)).values()) expect(outcome).toBe(OUTCOME_SUCCEEDED);
  await until('the end is noted', async () =>
    stack.jobs.resume(outputUri).then(
      () => false,
      (error: { reason: string }) => error.reason === 'no_jobs_to_resume',
    ),
  );
});
