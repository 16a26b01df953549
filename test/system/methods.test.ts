import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boxGlb, brokenGlbs } from '../support/assets/glb.ts';
import { callByHand, grpcurl, toMessages } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

const ANALYSIS = 'cyclorama.analysis.v1.AnalysisService';
const JOBS = 'cyclorama.job.v1.JobService';
const HEALTH = 'grpc.health.v1.Health';
const BOX = 's3://models/box.glb';

interface Job {
  jobId: string;
  state: string;
  counts: { total?: string; succeeded?: string; failed?: string; reused?: string };
  retryOf?: string;
}

let system: SystemStack;
let analysis: string;
let discovery: string;
/** A job over one good and one broken asset, ended. */
let ended: Job;
let watched: Job[];

beforeAll(async () => {
  system = await SystemStack.create();
  ({ analysis, discovery } = system.stack.endpoints);
  system.fill('models', { 'box.glb': boxGlb(), 'cut.glb': brokenGlbs().truncated! });
  const request = { source: { prefix: { prefix_uri: 's3://models/' } }, request_id: 'by-hand' };
  const [created] = await callByHand<{ job: Job }>(analysis, `${ANALYSIS}/CreateAnalysisJob`, request);
  watched = await watch(created!.job.jobId);
  ended = watched.at(-1)!;
});
afterAll(() => system?.close());

/** Follows a job to its end, on the server that does not drive it. */
async function watch(jobId: string): Promise<Job[]> {
  const changes = await callByHand<{ job: Job }>(discovery, `${JOBS}/WatchJob`, { job_id: jobId });
  return changes.map(({ job }) => job);
}

function jobCall<Answer = { job: Job }>(method: string, request: object, address = analysis): Promise<Answer> {
  return callByHand<Answer>(address, `${JOBS}/${method}`, request).then(([answer]) => answer!);
}

describe('AnalysisService', () => {
  test('CreateAnalysisJob gives the same job for the same request_id', async () => {
    const request = { source: { prefix: { prefix_uri: 's3://models/' } }, request_id: 'by-hand' };
    const [again] = await callByHand<{ job: Job }>(analysis, `${ANALYSIS}/CreateAnalysisJob`, request);
    expect(again?.job.jobId).toBe(ended.jobId);
  });

  test('AnalyzeAsset answers with the report when it is done', async () => {
    const [answer] = await callByHand(analysis, `${ANALYSIS}/AnalyzeAsset`, { uri: BOX });
    expect(answer).toMatchObject({
      report: { file: 'box.glb', vertices: '24', faces: '12', triangles: '12', dimensions: { x: 1, y: 1, z: 1 } },
    });
  });

  test('AnalyzeAsset tells why an asset cannot be analysed, and in which stage', async () => {
    const args = ['-d', '{"uri":"s3://models/cut.glb"}', analysis, `${ANALYSIS}/AnalyzeAsset`];
    const { err } = await grpcurl('-plaintext', ...args);
    expect(err).toContain('Code: FailedPrecondition');
    expect(err).toContain('"reason": "invalid_asset"');
    expect(err).toContain('"stage": "triage"');
  });

  test('a request_id that is used again for something else is refused', async () => {
    const request = { source: { prefix: { prefix_uri: 's3://models/box' } }, request_id: 'by-hand' };
    const args = ['-d', JSON.stringify(request), analysis, `${ANALYSIS}/CreateAnalysisJob`];
    const { err } = await grpcurl('-plaintext', ...args);
    expect(err).toContain('Code: AlreadyExists');
    expect(err).toContain('"reason": "request_id_reused"');
  });
});

describe.each(['discovery', 'analysis'] as const)('JobService of %s', (server) => {
  const call = <Answer = { job: Job }>(method: string, request: object): Promise<Answer> =>
    jobCall<Answer>(method, request, system.stack.endpoints[server]);

  test('GetJob tells state and counts', async () => {
    const { job } = await call('GetJob', { job_id: ended.jobId });
    expect(job).toMatchObject({
      state: 'JOB_STATE_SUCCEEDED',
      counts: { total: '2', succeeded: '1', failed: '1' },
    });
  });

  test('ListJobs filters by state and operation', async () => {
    const { jobs } = await call<{ jobs: Job[] }>('ListJobs', {
      states: ['JOB_STATE_SUCCEEDED'],
      operation: 'analysis',
      page_size: 1_000,
    });
    expect(jobs.map(({ jobId }) => jobId)).toContain(ended.jobId);
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['JOB_STATE_SUCCEEDED']));
    expect(await call('ListJobs', { operation: 'knitting' })).toEqual({});
  });

  test('ListTaskResults pages through the results, by outcome and with the log', async () => {
    const all: object[] = [];
    let pageToken = '';
    do {
      const request = { job_id: ended.jobId, page_size: 1, page_token: pageToken };
      const page = await call<{ results?: object[]; nextPageToken?: string }>('ListTaskResults', request);
      all.push(...(page.results ?? []));
      pageToken = page.nextPageToken ?? '';
    } while (pageToken !== '' && all.length < 10);
    expect(all).toHaveLength(2);
    const failed = { job_id: ended.jobId, outcomes: ['OUTCOME_FAILED'], include_log: true };
    expect(await call('ListTaskResults', failed)).toMatchObject({
      results: [
        { asset: { uri: 's3://models/cut.glb' }, failure: { reason: 'invalid_asset', stage: 'triage' }, attempt: 1 },
      ],
    });
  });

  test('a job that is not there is refused with job_not_found', async () => {
    const args = ['-d', `{"job_id":"${'0'.repeat(32)}"}`, system.stack.endpoints[server], `${JOBS}/GetJob`];
    const { err } = await grpcurl('-plaintext', ...args);
    expect(err).toContain('Code: NotFound');
    expect(err).toContain('"reason": "job_not_found"');
  });
});

describe('JobService', () => {
  test('WatchJob streams the job to its end, each change once', () => {
    expect(watched.length).toBeGreaterThan(0);
    expect(watched.slice(0, -1).map(({ state }) => state)).not.toContain('JOB_STATE_SUCCEEDED');
    expect(ended.state).toBe('JOB_STATE_SUCCEEDED');
    expect(new Set(watched.map((job) => JSON.stringify(job))).size).toBe(watched.length);
  });

  test('CancelJob changes nothing on a job that has ended', async () => {
    const { job } = await jobCall('CancelJob', { job_id: ended.jobId });
    expect(job.state).toBe('JOB_STATE_SUCCEEDED');
  });

  test('ResumeJobs takes up a job that has not ended, and CancelJob ends it', async () => {
    const assets = Array.from({ length: 300 }, (_, i): [string, Buffer] => [
      `${i}.glb`,
      boxGlb({ size: [1, 1, 1 + i] }),
    ]);
    system.fill('long', Object.fromEntries(assets));
    const request = { source: { prefix: { prefix_uri: 's3://long/' } } };
    const [created] = await callByHand<{ job: Job }>(analysis, `${ANALYSIS}/CreateAnalysisJob`, request);
    const { jobId } = created!.job;
    const { jobs } = await jobCall<{ jobs: Job[] }>('ResumeJobs', { output_uri: 's3://long/' }, discovery);
    expect(jobs.map((job) => job.jobId)).toEqual([jobId]);
    const { job } = await jobCall('CancelJob', { job_id: jobId }, discovery);
    expect(job.state).toBe('JOB_STATE_CANCELLED');
    expect((await watch(jobId)).at(-1)?.state).toBe('JOB_STATE_CANCELLED');
  });

  test('RetryJob makes one job for the failed assets, however often it is called', async () => {
    const request = { job_id: ended.jobId, request_id: 'again' };
    const [{ job }, { job: same }] = [await jobCall('RetryJob', request), await jobCall('RetryJob', request)];
    expect(same.jobId).toBe(job.jobId);
    expect(job.retryOf).toBe(ended.jobId);
    expect((await watch(job.jobId)).at(-1)?.counts).toEqual({ total: '1', failed: '1' });
  });

  test('ResumeJobs says where there is nothing to take up', async () => {
    system.fill('untouched', { 'box.glb': boxGlb() });
    const { err } = await grpcurl(
      ...['-plaintext', '-d', '{"output_uri":"s3://untouched/"}', analysis, `${JOBS}/ResumeJobs`],
    );
    expect(err).toContain('Code: NotFound');
    expect(err).toContain('"reason": "no_jobs_to_resume"');
  });
});

describe.each(['discovery', 'analysis'] as const)('Health of %s', (server) => {
  test('Check and List say SERVING for the process and its services', async () => {
    const address = system.stack.endpoints[server];
    const [list] = await callByHand<{ statuses: object }>(address, `${HEALTH}/List`, {});
    const names = Object.keys(list!.statuses);
    expect(names).toEqual(expect.arrayContaining(['', JOBS]));
    for (const service of names) {
      expect(await callByHand(address, `${HEALTH}/Check`, { service })).toEqual([{ status: 'SERVING' }]);
    }
  });

  test('Watch tells the state at once and stays', async () => {
    const args = ['-max-time', '1', '-d', `{"service":"${JOBS}"}`];
    const { out, err } = await grpcurl('-plaintext', ...args, system.stack.endpoints[server], `${HEALTH}/Watch`);
    expect(toMessages(out)).toEqual([{ status: 'SERVING' }]);
    expect(err).toContain('DeadlineExceeded');
  });
});
