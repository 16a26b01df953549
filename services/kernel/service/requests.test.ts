import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Job, JobClass, type JobPlan, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { listSource } from '../../../test/support/memory/job-draft.ts';
import { CycloramaError } from '../failure.ts';
import type { JobDraft } from '../jobs/jobs.ts';
import { createRequests, type RequestParts, type WorkRequest } from './requests.ts';

const CONTEXT = {
  traceId: 'trace',
  signal: new AbortController().signal,
  deadlineMs: 0,
  log: pino({ enabled: false }),
};
const REQUEST: WorkRequest<string> & { replace: boolean; dryRun: boolean } = {
  source: listSource('s3://source/a.glb'),
  spec: 'good',
  outputUri: 's3://output/run',
  requestId: 'id',
  replace: true,
  dryRun: false,
};

/** Requests over parts that note what they are asked, in a deployment without a GPU. */
function deploy() {
  const asked: [string, unknown][] = [];
  /** Makes a part that notes its draft and gives an answer. */
  const noting =
    <Answer>(name: string, answer: Answer) =>
    async (draft: JobDraft): Promise<Answer> => {
      asked.push([name, draft]);
      return answer;
    };
  const job = Job.fromPartial({ jobId: 'job' });
  const plan: JobPlan = { counts: undefined, totalBytes: 0n, pendingBytes: 0n };
  const parts = {
    jobs: { create: noting('create', job) },
    store: {
      checkBucket: (bucket: string) => {
        if (bucket === 'closed') throw new CycloramaError('bucket_not_allowed', bucket);
      },
    },
    runInteractive: noting('run', { job, result: TaskResult.fromPartial({}), report: {} }),
    requireGpu: async () => {
      throw new CycloramaError('gpu_unavailable', 'none');
    },
    dryRun: noting('dryRun', plan),
  } as unknown as RequestParts;
  const requests = createRequests<string>(parts, {
    operation: 'note',
    check: ({ spec }) => (spec === 'good' ? [] : [{ field: 'spec', description: 'is not good' }]),
    toSpecJson: (spec) => ({ word: spec }),
    folderBesideAssets: () => 's3://source/',
  });
  return { requests, asked };
}

test('a job is created from the request, with its place in one spelling', async () => {
  const { requests, asked } = deploy();
  expect((await requests.create(REQUEST, CONTEXT)).job?.jobId).toBe('job');
  const draft = { operation: 'note', spec: { word: 'good' }, outputUri: 's3://output/run/', replace: true };
  expect(asked).toMatchObject([
    ['create', { ...draft, outputsBesideAssets: false, jobClass: JobClass.JOB_CLASS_BATCH }],
  ]);
});

test('outputs lie beside their assets only where the request names no place', async () => {
  const { requests, asked } = deploy();
  await requests.create({ ...REQUEST, outputUri: '' }, CONTEXT);
  expect(asked).toMatchObject([['create', { outputUri: 's3://source/', outputsBesideAssets: true }]]);
});

test('a dry run makes no job, asks for no GPU, and knows whether the dataset is to be replaced', async () => {
  const { requests, asked } = deploy();
  await requests.create({ ...REQUEST, dryRun: true, requireGpu: true }, CONTEXT);
  expect(asked).toMatchObject([['dryRun', { replace: true, requireGpu: true }]]);
});

test('a call runs one asset as an interactive job that replaces nothing', async () => {
  const { requests, asked } = deploy();
  await requests.runOne({ ...REQUEST, uri: 's3://source/a.glb' }, CONTEXT);
  expect(asked).toMatchObject([['run', { jobClass: JobClass.JOB_CLASS_INTERACTIVE, replace: false }]]);
});

test.each<[string, object, string]>([
  ['a missing source', { source: undefined }, 'invalid_request'],
  ['a wrong spec', { spec: 'bad' }, 'invalid_request'],
  ['a source in a closed bucket', { source: listSource('s3://closed/a.glb') }, 'bucket_not_allowed'],
  ['a place in a closed bucket', { outputUri: 's3://closed/run/' }, 'bucket_not_allowed'],
  ['a GPU where there is none', { requireGpu: true }, 'gpu_unavailable'],
])('%s is refused before any job is made', async (_, change, reason) => {
  const { requests, asked } = deploy();
  await expect(requests.create({ ...REQUEST, ...change }, CONTEXT)).rejects.toMatchObject({ reason });
  expect(asked).toEqual([]);
});
