import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import {
  JobServiceClient,
  ListJobsRequest,
  ListTaskResultsRequest,
  WatchJobRequest,
} from '../../gen/cyclorama/job/v1/job_service.ts';
import { callStream, callUnary } from '../../services/kernel/rpc/client.ts';
import { boxGlb } from '../support/assets/glb.ts';
import { jobDraft, prefixSource } from '../support/memory/job-draft.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { KernelStack, soon } from '../support/stacks/kernel.ts';

const { JOB_STATE_CANCELLED, JOB_STATE_RUNNING, JOB_STATE_SUCCEEDED } = JobState;
const UNKNOWN = 'f'.repeat(32);
let stack: KernelStack;
/** The job service of the analysis server and of discovery's: any replica answers for any job. */
let servers: Record<string, JobServiceClient>;
let job: Job;
let gates = 0;

beforeAll(async () => {
  stack = await KernelStack.create(await TestS3.create());
  servers = { analysis: stack.jobClient, discovery: stack.discovery.client(JobServiceClient) };
  for (const bucket of ['assets', 'outputs']) await stack.store.createBucket(bucket);
  const good = Array.from({ length: 5 }, (_, n) => [`m/${n}.glb`, boxGlb()]);
  const bad = Array.from({ length: 2 }, (_, n) => [`m/bad-${n}.glb`, boxGlb({ materials: ['refuse'] })]);
  await stack.fill('assets', Object.fromEntries([...good, ...bad]));
  await stack.startWorker();
  job = await stack.ended((await create('s3://assets/m/')).jobId);
});
afterAll(() => stack?.close());

function create(prefixUri: string): Promise<Job> {
  return stack.jobs.create(jobDraft(prefixSource(prefixUri), `s3://outputs/${prefixUri.split('/')[3]}/`));
}

/** A job that runs until its gate is opened. */
async function createGated(): Promise<{ jobId: string; open: () => Promise<void> }> {
  gates += 1;
  const gate = stack.path(`gate-${gates}`);
  await stack.fill('assets', { [`gated-${gates}/a.glb`]: boxGlb({ materials: [`until ${gate}`] }) });
  const { jobId } = await create(`s3://assets/gated-${gates}/`);
  return { jobId, open: () => writeFile(gate, '') };
}

async function results(server: JobServiceClient, fields: Partial<ListTaskResultsRequest>): Promise<TaskResult[][]> {
  const pages: TaskResult[][] = [];
  let pageToken = '';
  do {
    const request = { ...ListTaskResultsRequest.fromPartial({ jobId: job.jobId }), ...fields, pageToken };
    const page = await callUnary(server, server.listTaskResults, request, soon());
    pages.push(page.results);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return pages;
}

function list(server: JobServiceClient, fields: Partial<ListJobsRequest>) {
  return callUnary(server, server.listJobs, { ...ListJobsRequest.fromPartial({}), ...fields }, soon());
}

describe.each(['analysis', 'discovery'])('the job service of the %s server', (name) => {
  test('gives the job', async () => {
    const server = servers[name]!;
    const answer = await callUnary(server, server.getJob, { jobId: job.jobId }, soon());
    expect(answer.job).toEqual(job);
  });

  test('gives its results in pages, in one order, each once', async () => {
    const [whole, ...rest] = await results(servers[name]!, {});
    expect(rest.flat()).toEqual([]);
    expect(whole).toHaveLength(7);
    const pages = await results(servers[name]!, { pageSize: 3 });
    expect(pages.flat()).toEqual(whole);
    expect(pages.slice(0, 2).map((page) => page.length)).toEqual([3, 3]);
  });

  test('gives the results of an outcome, with the log tail where it is asked for', async () => {
    const outcomes = [Outcome.OUTCOME_FAILED];
    const failed = (await results(servers[name]!, { outcomes })).flat();
    expect(failed.map(({ asset }) => asset?.uri).toSorted()).toEqual([
      's3://assets/m/bad-0.glb',
      's3://assets/m/bad-1.glb',
    ]);
    for (const { failure } of failed) expect(failure).toMatchObject({ reason: 'import_failed', logTail: [] });
    const logged = (await results(servers[name]!, { outcomes, includeLog: true })).flat();
    for (const { failure } of logged) expect(failure?.logTail).toContain('the importer says no');
  });

  test('cancels a job that another server drives', async () => {
    const server = servers[name]!;
    const { jobId, open } = await createGated();
    await stack.until(jobId, ({ state }) => state === JOB_STATE_RUNNING);
    const { job: cancelled } = await callUnary(server, server.cancelJob, { jobId }, soon());
    expect(cancelled?.state).toBe(JOB_STATE_CANCELLED);
    await open();
    expect((await stack.ended(jobId)).state).toBe(JOB_STATE_CANCELLED);
  });

  test('retries the failed assets of a job', async () => {
    const server = servers[name]!;
    const { job: retry } = await callUnary(server, server.retryJob, { jobId: job.jobId, requestId: name }, soon());
    expect(retry).toMatchObject({ retryOf: job.jobId });
    expect((await stack.ended(retry!.jobId)).counts).toMatchObject({ total: 2n, failed: 2n });
  });

  test.each([
    ['an id that is none', 'not-an-id', 'invalid_request'],
    ['an id that nobody knows', UNKNOWN, 'job_not_found'],
  ])('refuses %s', async (_, jobId, reason) => {
    const server = servers[name]!;
    const refusal = { reason };
    await expect(callUnary(server, server.getJob, { jobId }, soon())).rejects.toMatchObject(refusal);
    await expect(callUnary(server, server.cancelJob, { jobId }, soon())).rejects.toMatchObject(refusal);
    await expect(callUnary(server, server.retryJob, { jobId, requestId: '' }, soon())).rejects.toMatchObject(refusal);
    await expect(results(server, { jobId })).rejects.toMatchObject(refusal);
    const watch = callStream(server, server.watchJob, WatchJobRequest.fromPartial({ jobId }), soon());
    await expect(Array.fromAsync(watch)).rejects.toMatchObject(refusal);
  });
});

describe('WatchJob', () => {
  const watch = (jobId: string, afterRevision = 0n, signal?: AbortSignal) => {
    const server = servers.discovery!;
    return callStream(server, server.watchJob, { jobId, afterRevision }, { ...soon(), signal });
  };

  test('gives the job as it is, then each change, and ends with the job', async () => {
    const { jobId, open } = await createGated();
    const seen: Job[] = [];
    for await (const { job: now } of watch(jobId)) {
      seen.push(now!);
      if (now!.state === JOB_STATE_RUNNING && seen.filter(({ state }) => state === JOB_STATE_RUNNING).length === 1) {
        await open();
      }
    }
    expect(seen.at(-1)).toMatchObject({ state: JOB_STATE_SUCCEEDED, counts: { total: 1n, succeeded: 1n } });
    const revisions = seen.map(({ revision }) => revision);
    expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => Number(a - b)));
  });

  test('of an ended job gives it once', async () => {
    const seen = await Array.fromAsync(watch(job.jobId));
    expect(seen.map(({ job: now }) => now)).toEqual([job]);
    expect(await Array.fromAsync(watch(job.jobId, job.revision))).toHaveLength(1);
  });

  test('taken up after a revision leaves it out while it is the latest', async () => {
    const { jobId, open } = await createGated();
    const { revision } = await stack.until(
      jobId,
      ({ state, counts }) => state === JOB_STATE_RUNNING && counts?.total === 1n,
    );
    const seen: bigint[] = [];
    const watching = (async () => {
      for await (const { job: now } of watch(jobId, revision)) seen.push(now!.revision);
    })();
    await open();
    await watching;
    expect(seen).not.toContain(revision);
    expect(seen.length).toBeGreaterThan(0);
  });

  test('ends when the client goes away', async () => {
    const { jobId, open } = await createGated();
    const ending = new AbortController();
    const watching = (async () => {
      for await (const _ of watch(jobId, 0n, ending.signal)) ending.abort();
    })();
    await expect(watching).rejects.toMatchObject({ reason: 'cancelled' });
    await open();
    await stack.ended(jobId);
  });
});

describe('ListJobs', () => {
  test('gives the newest first, in pages, each once', async () => {
    const whole = (await list(servers.discovery!, { pageSize: 1000 })).jobs;
    expect(whole.length).toBeGreaterThan(3);
    const times = whole.map(({ createTime }) => createTime!.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    const paged: string[] = [];
    let pageToken = '';
    do {
      const page = await list(servers.analysis!, { pageSize: 2, pageToken });
      expect(page.jobs.length).toBeLessThanOrEqual(2);
      paged.push(...page.jobs.map(({ jobId }) => jobId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(paged).toEqual(whole.map(({ jobId }) => jobId));
  });

  test('gives those of a state or an operation', async () => {
    const cancelled = (await list(servers.analysis!, { states: [JOB_STATE_CANCELLED] })).jobs;
    expect(cancelled.length).toBeGreaterThan(0);
    expect(cancelled.every(({ state }) => state === JOB_STATE_CANCELLED)).toBe(true);
    expect((await list(servers.analysis!, { operation: 'rendering' })).jobs).toEqual([]);
    expect((await list(servers.analysis!, { operation: 'analysis' })).jobs.length).toBeGreaterThan(cancelled.length);
  });

  test('refuses a token of another request, garbage and a negative page size', async () => {
    const { nextPageToken: pageToken } = await list(servers.analysis!, { pageSize: 1 });
    const refused = { reason: 'invalid_page_token' };
    await expect(list(servers.analysis!, { pageToken, operation: 'analysis' })).rejects.toMatchObject(refused);
    await expect(list(servers.analysis!, { pageToken: 'garbage' })).rejects.toMatchObject(refused);
    await expect(results(servers.analysis!, { pageSize: -1 })).rejects.toMatchObject({ reason: 'invalid_request' });
    await expect(list(servers.analysis!, { pageSize: -1 })).rejects.toMatchObject({
      reason: 'invalid_request',
      detail: { violations: [{ field: 'page_size' }] },
    });
  });

  test('refuses states and outcomes that there are not', async () => {
    await expect(list(servers.analysis!, { states: [99 as 1] })).rejects.toMatchObject({
      reason: 'invalid_request',
      detail: { violations: [{ field: 'states[0]' }] },
    });
    await expect(results(servers.analysis!, { outcomes: [1, 0] })).rejects.toMatchObject({
      reason: 'invalid_request',
      detail: { violations: [{ field: 'outcomes[1]' }] },
    });
  });
});

test('results of a running job always have a next page, on which later ones are found', async () => {
  const { jobId, open } = await createGated();
  const server = servers.analysis!;
  const ask = (pageToken: string) =>
    callUnary(server, server.listTaskResults, ListTaskResultsRequest.fromPartial({ jobId, pageToken }), soon());
  const first = await ask('');
  expect(first.results).toEqual([]);
  expect(first.nextPageToken).not.toBe('');
  await open();
  await stack.ended(jobId);
  const second = await ask(first.nextPageToken);
  expect(second.results).toHaveLength(1);
  expect(second.nextPageToken).toBe('');
});

test('resuming a place whose jobs have all ended is refused', async () => {
  const server = servers.discovery!;
  await expect(callUnary(server, server.resumeJobs, { outputUri: 's3://outputs/m' }, soon())).rejects.toMatchObject({
    reason: 'no_jobs_to_resume',
  });
});
