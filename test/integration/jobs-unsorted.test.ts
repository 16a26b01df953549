import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { JobEntry } from '../../gen/cyclorama/job/v1/task.ts';
import { boxGlb } from '../support/assets/glb.ts';
import { jobDraft, prefixSource } from '../support/memory/job-draft.ts';
import { until } from '../support/poll.ts';
import { TestSeaweed } from '../support/servers/seaweed.ts';
import { KernelStack } from '../support/stacks/kernel.ts';

// SeaweedFS lists a/ before a-b/, though '-' comes before '/', and cannot go on after a key.
const [FIRST, ...LATER] = ['a', 'a-b', 'a.b', 'a0'].map((folder) =>
  Array.from({ length: 40 }, (_, n) => `${folder}/${10 + n}.glb`),
);
const KEYS = [...FIRST!, ...LATER.flat()];
let stack: KernelStack;
let gate: string;

beforeAll(async () => {
  stack = await KernelStack.create(await TestSeaweed.create());
  gate = stack.path('gate');
  await stack.store.createBucket('walked');
  await stack.store.createBucket('outputs');
  const gated = boxGlb({ materials: [`until ${gate}`] });
  await stack.fill('walked', Object.fromEntries(FIRST!.map((key) => [key, boxGlb()])));
  await stack.fill('walked', Object.fromEntries(LATER.flat().map((key) => [key, gated])));
  await stack.startWorker();
});
afterAll(() => stack?.close());

const draft = () => jobDraft(prefixSource('s3://walked/'), 's3://outputs/run/');

test('a job over a store without key order, taken over in mid-plan, does every asset once', async () => {
  const { jobId } = await stack.jobs.create(draft());
  await until('the planner has noted how far it came', async () => {
    const entry = await stack.bus.bucket('jobs').get(jobId);
    return JobEntry.fromJSON(JSON.parse(entry!.value)).cursor !== '';
  });
  await stack.handOver();
  await writeFile(gate, '');
  const job = await stack.ended(jobId);
  expect(job).toMatchObject({
    state: JobState.JOB_STATE_SUCCEEDED,
    counts: { total: 160n, succeeded: 160n, failed: 0n, reused: 0n },
  });
  expect([...(await stack.results(jobId)).keys()].toSorted()).toEqual(KEYS.toSorted());
  expect(await stack.keys('outputs', 'run/_cyclorama/records/')).toHaveLength(160);
});

test('a second job over it reuses every record', async () => {
  const job = await stack.ended((await stack.jobs.create(draft())).jobId);
  expect(job.counts).toMatchObject({ total: 160n, succeeded: 160n, reused: 160n });
});
