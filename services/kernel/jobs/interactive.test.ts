import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord, WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { until } from '../../../test/support/poll.ts';
import { type Answer, createInteractive } from './interactive.ts';
import { createJobs, type JobDraft } from './jobs.ts';
import { publishResult } from './results.ts';

const RECORD = 'outputs/run/_cyclorama/records/abc.json';
const FAILURE = {
  reason: 'import_failed',
  message: 'Invalid header.',
  stage: 'import',
  exitCode: undefined,
  signal: '',
  logTail: [],
};

/** A deployment in memory with one worker, whose results the test gives. */
function deploy({ workers = 1 } = {}) {
  const bus = new MemoryBus();
  const store = new MemoryStore();
  const jobs = createJobs(bus, store);
  const live = Array.from({ length: workers }, () => WorkerBeat.fromPartial({ workerId: 'w' }));
  const run = createInteractive({ bus, jobs, store, workers: { live: async () => live } });
  const ending = new AbortController();
  const call = (change: Partial<JobDraft> = {}): Promise<Answer> =>
    run(draft(change), {
      signal: ending.signal,
      deadlineMs: Date.now() + 60_000,
      traceId: 'trace',
      log: pino({ level: 'silent' }),
    });
  const answer = async (fields: Partial<TaskResult>): Promise<string> => {
    await until('the job is there', async () => (await jobs.all()).length > 0);
    const { jobId } = (await jobs.all())[0]!;
    await publishResult(bus, { ...TaskResult.fromPartial({ jobId, taskId: 'task' }), ...fields });
    return jobId;
  };
  const record = (fields: Partial<TaskRecord>): void => {
    const body = Buffer.from(JSON.stringify(TaskRecord.toJSON({ ...TaskRecord.fromPartial({}), ...fields })));
    store.objects.set(RECORD, { body, etag: 'e' });
  };
  return { bus, jobs, call, answer, record, hangUp: () => ending.abort(new Error('the client went away')) };
}

function draft(change: Partial<JobDraft>): JobDraft {
  return {
    operation: 'note',
    source: { source: { $case: 'list', value: { uris: ['s3://assets/chair.glb'] } } },
    spec: {},
    outputUri: '',
    outputsBesideAssets: false,
    jobClass: JobClass.JOB_CLASS_INTERACTIVE,
    requestId: '',
    replace: false,
    retryOf: '',
    traceId: 'trace',
    ...change,
  };
}

test('a call without a live worker is refused at once, and makes no job', async () => {
  const { call, jobs } = deploy({ workers: 0 });
  await expect(call()).rejects.toMatchObject({ reason: 'no_workers' });
  expect(await jobs.all()).toEqual([]);
});

test('a call that writes nothing has the report from the result', async () => {
  const { call, answer } = deploy();
  const called = call();
  const jobId = await answer({ outcome: Outcome.OUTCOME_SUCCEEDED, detail: { report: { words: 3 } } });
  expect(await called).toMatchObject({ job: { jobId }, report: { words: 3 }, result: { outputs: [] } });
});

test('a call that writes has the report and the outputs from the record, also where an earlier job wrote them', async () => {
  const { call, answer, record } = deploy();
  const outputs = [{ uri: 's3://outputs/run/chair.json', sizeBytes: 1n, etag: 'e', sha256: '' }];
  record({ report: { words: 3 }, result: { ...TaskResult.fromPartial({}), outputs } });
  const called = call({ outputUri: 's3://outputs/run/' });
  await answer({ outcome: Outcome.OUTCOME_SUCCEEDED, reused: true, recordUri: `s3://${RECORD}` });
  expect(await called).toMatchObject({ report: { words: 3 }, result: { reused: true, outputs } });
});

test('an asset that the operation skipped is an answer of the call, with the reason', async () => {
  const { call, answer } = deploy();
  const called = call();
  await answer({ outcome: Outcome.OUTCOME_SKIPPED, failure: FAILURE, detail: { report: { moves: true } } });
  expect(await called).toMatchObject({
    report: { moves: true },
    result: { outcome: Outcome.OUTCOME_SKIPPED, failure: { message: FAILURE.message } },
  });
});

test('an asset that failed is the error of the call, with the log that only the record has', async () => {
  const { call, answer, record } = deploy();
  record({ result: { ...TaskResult.fromPartial({}), failure: { ...FAILURE, logTail: ['the importer says no'] } } });
  const called = call({ outputUri: 's3://outputs/run/' });
  await Promise.all([
    expect(called).rejects.toMatchObject({
      reason: 'import_failed',
      message: 'Invalid header.',
      detail: { stage: 'import', logTail: ['the importer says no'] },
    }),
    answer({ outcome: Outcome.OUTCOME_FAILED, failure: FAILURE, recordUri: `s3://${RECORD}` }),
  ]);
});

test('a client that goes away has its job cancelled', async () => {
  const { call, jobs, hangUp } = deploy();
  const called = call();
  await until('the job is there', async () => (await jobs.all()).length > 0);
  hangUp();
  await expect(called).rejects.toThrow('the client went away');
  expect((await jobs.all()).map(({ state }) => state)).toEqual([JobState.JOB_STATE_CANCELLED]);
});

test('a job that somebody cancels ends the call', async () => {
  const { call, jobs } = deploy();
  const called = call();
  await until('the job is there', async () => (await jobs.all()).length > 0);
  await jobs.cancel((await jobs.all())[0]!.jobId);
  await expect(called).rejects.toMatchObject({ reason: 'cancelled' });
});

test('a job that fails as a whole ends the call with its reason', async () => {
  const { call, jobs } = deploy();
  const called = call();
  await until('the job is there', async () => (await jobs.all()).length > 0);
  await jobs.change((await jobs.all())[0]!.jobId, (entry) => ({
    ...entry,
    job: { ...entry.job, state: JobState.JOB_STATE_FAILED, failure: { ...FAILURE, reason: 'access_denied' } },
  }));
  await expect(called).rejects.toMatchObject({ reason: 'access_denied' });
});
