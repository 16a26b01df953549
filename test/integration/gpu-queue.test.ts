import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { type Lane, STREAMS, taskConsumer } from '../../services/kernel/bus/topics.ts';
import { boxGlb } from '../support/assets/glb.ts';
import { jobDraft, prefixSource } from '../support/memory/job-draft.ts';
import { until } from '../support/poll.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { FAKE_GPU, KernelStack } from '../support/stacks/kernel.ts';

const ASSETS = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.glb`);
const LACK = "require_gpu: no live worker that takes tasks of 'analysis' has a GPU; tasks wait";
/** Workers beat at once, and what is known of them is two seconds old at most. */
const NOTICED_MS = 20_000;

let stack: KernelStack;

beforeAll(async () => {
  stack = await KernelStack.create(await TestS3.create());
  for (const bucket of ['plain', 'gpu', 'outputs']) await stack.store.createBucket(bucket);
  const waiting = boxGlb({ materials: [`until ${stack.path('go')}`] });
  await stack.fill('gpu', Object.fromEntries(ASSETS.map((key) => [key, waiting])));
  await stack.fill('plain', Object.fromEntries(ASSETS.map((key) => [key, boxGlb()])));
});
afterAll(() => stack?.close());

const depth = (lane: Lane) => stack.bus.depth(STREAMS.tasks, taskConsumer('analysis', lane));
const warnings = async (jobId: string) => (await stack.jobs.get(jobId)).warnings;

async function create(bucket: string, requireGpu: boolean): Promise<string> {
  const draft = jobDraft(prefixSource(`s3://${bucket}/`), `s3://outputs/${bucket}-${requireGpu}/`, { requireGpu });
  return (await stack.jobs.create(draft)).jobId;
}

const startGpuWorker = () => stack.startWorker({ CYCLORAMA_PYTHON: stack.path('python-gpu'), CYCLORAMA_SLOTS: '2' });

test('tasks that need a GPU reach workers with one alone, and the job says when there is none', async () => {
  const lonely = await create('plain', false);
  await until(
    'a job without any worker warns',
    async () => (await warnings(lonely)).join() === "no live worker takes tasks of 'analysis'; tasks wait",
    NOTICED_MS,
  );
  await stack.startWorker();
  expect(await stack.ended(lonely)).toMatchObject({ counts: { succeeded: 5n }, warnings: [] });

  const jobId = await create('gpu', true);
  await until('the job warns', async () => (await warnings(jobId)).join() === LACK, NOTICED_MS);
  const plain = await create('gpu', false);
  await until('the other worker takes what needs no GPU', async () => (await depth('batch')).inFlight > 0);
  // Never delivered: a task that came back would no longer be pending.
  expect(await depth('batch-gpu')).toEqual({ pending: 5, inFlight: 0 });

  const first = await startGpuWorker();
  await until('the warning goes', async () => (await warnings(jobId)).length === 0, NOTICED_MS);
  await until('the worker with a GPU has them', async () => (await depth('batch-gpu')).inFlight === 5, NOTICED_MS);
  await first.stop();
  await until('the job warns again', async () => (await warnings(jobId)).join() === LACK, NOTICED_MS);
  await startGpuWorker();
  await writeFile(stack.path('go'), '');
  const ended = await stack.ended(jobId);
  expect(ended).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { succeeded: 5n }, warnings: [] });
  expect([...(await stack.results(jobId)).values()].map(({ workerId }) => workerId)).toEqual(
    ASSETS.map(() => 'worker-3'),
  );
  const record = (await stack.keys('outputs', 'gpu-true/_cyclorama/records/'))[0]!;
  expect(await stack.json('outputs', record)).toMatchObject({ device: FAKE_GPU });
  expect((await stack.ended(plain)).counts).toMatchObject({ succeeded: 5n });
  expect(await depth('batch-gpu')).toEqual({ pending: 0, inFlight: 0 });
});
