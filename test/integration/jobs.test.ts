import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { type AssetSource, Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { toSpecJson } from '../../services/analysis/handlers.ts';
import type { JobDraft } from '../../services/kernel/jobs/jobs.ts';
import { boxGlb, brokenGlbs } from '../support/assets/glb.ts';
import { jobDraft, listSource, prefixSource } from '../support/memory/job-draft.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { KernelStack, type StackWorker } from '../support/stacks/kernel.ts';

const GOOD = ['models/a.glb', 'models/b.glb', 'models/sub/a.glb', 'models/z 1+2%.glb'];
const BAD = { 'models/refused.glb': 'import_failed', 'models/truncated.glb': 'invalid_asset' };

let stack: KernelStack;
let worker: StackWorker;
let requests = 0;

beforeAll(async () => {
  stack = await KernelStack.create(await TestS3.create());
  for (const bucket of ['assets', 'outputs', 'slow']) await stack.store.createBucket(bucket);
  await stack.fill('assets', {
    ...Object.fromEntries(GOOD.map((key) => [key, boxGlb({ materials: ['Wood'] })])),
    'models/refused.glb': boxGlb({ materials: ['refuse'] }),
    'models/truncated.glb': brokenGlbs().truncated!,
    'models/notes.txt': 'not an asset',
  });
  await stack.fill('slow', { 'hang.glb': boxGlb({ materials: ['hang'] }) });
  worker = await stack.startWorker({ CYCLORAMA_SLOTS: '2' });
});
afterAll(() => stack?.close());

function draft(change: Partial<JobDraft> = {}): JobDraft {
  requests += 1;
  return jobDraft(prefixSource('s3://assets/models/'), `s3://outputs/run-${requests}/`, change);
}

async function run(change: Partial<JobDraft> = {}): Promise<Job> {
  return stack.ended((await stack.jobs.create(draft(change))).jobId);
}

const outcomesOf = async ({ jobId }: Job) =>
  Object.fromEntries([...(await stack.results(jobId))].map(([key, { failure }]) => [key, failure?.reason ?? '']));

/** How many tasks the worker has committed. */
async function committed(): Promise<number> {
  const { values } = await worker.metrics.tasksTotal.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

describe('a job over a prefix', () => {
  test('ends with one outcome, one report and one record for each asset', async () => {
    const job = await run({ outputUri: 's3://outputs/first/' });
    expect(job).toMatchObject({
      state: JobState.JOB_STATE_SUCCEEDED,
      counts: { total: 6n, succeeded: 4n, failed: 2n, skipped: 0n, cancelled: 0n, reused: 0n },
      failure: undefined,
      startTime: expect.any(Date),
      endTime: expect.any(Date),
    });
    expect(await outcomesOf(job)).toEqual({ ...Object.fromEntries(GOOD.map((key) => [key, ''])), ...BAD });
    const keys = await stack.keys('outputs', 'first/');
    expect(keys.filter((key) => !key.includes('_cyclorama/'))).toEqual([
      'first/a_report.json',
      'first/b_report.json',
      'first/index.jsonl',
      'first/index.parquet',
      'first/refused_report.json',
      'first/report.md',
      'first/sub/a_report.json',
      'first/truncated_report.json',
      'first/z 1+2%_report.json',
    ]);
    expect(keys.filter((key) => key.includes('/records/'))).toHaveLength(6);
    expect(keys.filter((key) => key.includes('/probes/'))).toEqual([]);
    expect(await stack.json('outputs', 'first/a_report.json')).toMatchObject({
      file: 'models/a.glb',
      status: 'success',
      stats: { vertices: 24, faces: 12, materials: ['Wood'] },
    });
    expect(await stack.json('outputs', 'first/refused_report.json')).toMatchObject({
      file: 'models/refused.glb',
      status: 'error',
      error_message: expect.stringContaining('Invalid header.'),
    });
  });

  test('that is done again reuses every record, with the same failures for the same reasons', async () => {
    const before = await committed();
    const job = await run({ outputUri: 's3://outputs/first/' });
    expect(job.counts).toMatchObject({ total: 6n, succeeded: 4n, failed: 2n, reused: 6n });
    expect(await outcomesOf(job)).toMatchObject(BAD);
    for (const result of (await stack.results(job.jobId)).values()) expect(result.reused).toBe(true);
    expect(await committed()).toBe(before);
  });

  test('does again only what changed since', async () => {
    await stack.fill('assets', { 'models/a.glb': boxGlb({ divisions: 2, materials: ['Wood'] }) });
    const job = await run({ outputUri: 's3://outputs/first/' });
    expect(job.counts).toMatchObject({ total: 6n, succeeded: 4n, failed: 2n, reused: 5n });
    expect(await stack.json('outputs', 'first/a_report.json')).toMatchObject({ stats: { vertices: 54 } });
    const records = await stack.keys('outputs', 'first/_cyclorama/records/');
    expect(records).toHaveLength(6);
  });

  test('puts reports beside the assets and records below the prefix where no other place is named', async () => {
    await stack.fill('assets', { 'beside/x/chair.glb': boxGlb() });
    const job = await run({
      source: prefixSource('s3://assets/beside/'),
      outputUri: 's3://assets/beside/',
      outputsBesideAssets: true,
    });
    expect(job.counts).toMatchObject({ succeeded: 1n });
    const keys = await stack.keys('assets', 'beside/');
    expect(keys).toContain('beside/x/chair_report.json');
    expect(keys.filter((key) => key.startsWith('beside/_cyclorama/records/'))).toHaveLength(1);
    const again = await run({
      source: prefixSource('s3://assets/beside/'),
      outputUri: 's3://assets/beside/',
      outputsBesideAssets: true,
    });
    expect(again.counts).toMatchObject({ total: 1n, reused: 1n });
  });

  test('that holds nothing succeeds at once', async () => {
    const job = await run({ source: prefixSource('s3://assets/nothing/') });
    expect(job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { total: 0n } });
  });

  test('takes as many as its limit says, in the order of keys', async () => {
    const source = prefixSource('s3://assets/models/', 2n);
    const job = await run({ source });
    expect(job.counts).toMatchObject({ total: 2n, succeeded: 2n });
    expect([...(await stack.results(job.jobId)).keys()].toSorted()).toEqual(['models/a.glb', 'models/b.glb']);
  });

  test('of a bucket that is not there fails as a whole and says why', async () => {
    const job = await run({ source: prefixSource('s3://missing-bucket/') });
    expect(job).toMatchObject({ state: JobState.JOB_STATE_FAILED, failure: { reason: 'bucket_not_found' } });
  });

  test('of more assets than may be queued at a time does each once', async () => {
    const keys = Array.from({ length: 130 }, (_, n) => `many/${String(n).padStart(3, '0')}.glb`);
    await stack.fill('assets', Object.fromEntries(keys.map((key) => [key, boxGlb()])));
    const job = await run({ source: prefixSource('s3://assets/many/') });
    expect(job.counts).toMatchObject({ total: 130n, succeeded: 130n, failed: 0n });
    expect([...(await stack.results(job.jobId)).keys()].toSorted()).toEqual(keys);
  });
});

describe('a request_id', () => {
  test('makes one job, however often and however many at once', async () => {
    const same = draft({ requestId: 'the-same' });
    const jobs = await Promise.all(Array.from({ length: 10 }, () => stack.jobs.create(same)));
    expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(1);
    await stack.ended(jobs[0]!.jobId);
    const later = await stack.jobs.create(same);
    expect(later).toMatchObject({ jobId: jobs[0]!.jobId, state: JobState.JOB_STATE_SUCCEEDED });
  });

  test.each<[string, Partial<JobDraft>]>([
    ['source', { source: prefixSource('s3://assets/beside/') }],
    ['place', { outputUri: 's3://outputs/another/' }],
    ['spec', { spec: toSpecJson({ style: ReportStyle.REPORT_STYLE_INSPECTION }) }],
  ])('with another %s is refused, and the job stays what it was', async (_, change) => {
    const first = draft({ requestId: `other-${requests}` });
    const job = await stack.jobs.create(first);
    await expect(stack.jobs.create({ ...first, ...change })).rejects.toMatchObject({ reason: 'request_id_reused' });
    await stack.ended(job.jobId);
  });
});

describe('an output place', () => {
  const inspection = toSpecJson({ style: ReportStyle.REPORT_STYLE_INSPECTION });

  test('of another spec is refused, unless it is to be replaced', async () => {
    const outputUri = 's3://outputs/taken/';
    const source = listSource('s3://assets/models/a.glb');
    expect((await run({ source, outputUri })).counts).toMatchObject({ succeeded: 1n, reused: 0n });
    const other = { source, outputUri, spec: inspection };
    await expect(stack.jobs.create(draft(other))).rejects.toMatchObject({ reason: 'output_in_use' });
    expect((await run({ ...other, replace: true })).counts).toMatchObject({ succeeded: 1n, reused: 0n });
    expect((await run(other)).counts).toMatchObject({ succeeded: 1n, reused: 1n });
    await expect(stack.jobs.create(draft({ source, outputUri }))).rejects.toMatchObject({ reason: 'output_in_use' });
    expect(await stack.keys('outputs', 'taken/models/')).toEqual(['taken/models/a.json', 'taken/models/a_report.json']);
  });

  test('that two requests claim at once for different specs goes to one of them', async () => {
    const outputUri = 's3://outputs/contested/';
    const source = listSource('s3://assets/models/a.glb');
    const claims = await Promise.allSettled([
      stack.jobs.create(draft({ source, outputUri })),
      stack.jobs.create(draft({ source, outputUri, spec: inspection })),
    ]);
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = claims.find((claim) => claim.status === 'rejected');
    expect(refused?.reason).toMatchObject({ reason: 'output_in_use' });
    for (const claim of claims) if (claim.status === 'fulfilled') await stack.ended(claim.value.jobId);
  });
});

describe('named assets', () => {
  test('in a list have one outcome each, one that is missing too', async () => {
    const job = await run({ source: listSource('s3://assets/models/b.glb', 's3://assets/models/gone.glb') });
    expect(job.counts).toMatchObject({ total: 2n, succeeded: 1n, failed: 1n });
    expect(await outcomesOf(job)).toEqual({ 'models/b.glb': '', 'models/gone.glb': 'asset_not_found' });
  });

  test('that differ in their endings alone have a report each', async () => {
    const obj = 'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n';
    await stack.fill('assets', { 'same/name.glb': boxGlb(), 'same/name.obj': obj });
    const outputUri = 's3://outputs/same/';
    const uris = ['s3://assets/same/name.glb', 's3://assets/same/name.obj'];
    expect((await run({ source: listSource(...uris), outputUri })).counts).toMatchObject({ total: 2n });
    expect(await stack.keys('outputs', 'same/same/')).toEqual([
      'same/same/name.glb_report.json',
      'same/same/name.obj_report.json',
    ]);
  });

  test('in a manifest have reports of their own, whatever bucket and ending they have', async () => {
    const uris = ['s3://assets/twin/chair.glb', 's3://assets/twin/chair.GLB', 's3://outputs/twin/chair.glb'];
    await stack.fill('assets', { 'twin/chair.glb': boxGlb(), 'twin/chair.GLB': boxGlb(), 'twin.txt': uris.join('\n') });
    await stack.fill('outputs', { 'twin/chair.glb': boxGlb() });
    const source: AssetSource = {
      source: { $case: 'manifest', value: { uri: 's3://assets/twin.txt', filter: '', suffixes: [] } },
    };
    const outputUri = 's3://outputs/twins/';
    expect((await run({ source, outputUri })).counts).toMatchObject({ total: 3n, succeeded: 3n });
    expect((await stack.keys('outputs', 'twins/')).filter((key) => key.includes('/twin/'))).toEqual([
      'twins/assets/twin/chair.GLB_report.json',
      'twins/assets/twin/chair.glb_report.json',
      'twins/outputs/twin/chair.glb_report.json',
    ]);
  });

  test('in a manifest are taken once each; a broken manifest fails the job by its line', async () => {
    await stack.fill('assets', {
      'list.txt': '# two\ns3://assets/models/a.glb\n\ns3://assets/models/b.glb\ns3://assets/models/a.glb\n',
      'broken.txt': 's3://assets/models/a.glb\nmodels/b.glb\n',
    });
    const manifest = (uri: string): AssetSource => ({
      source: { $case: 'manifest', value: { uri, filter: '', suffixes: [] } },
    });
    expect((await run({ source: manifest('s3://assets/list.txt') })).counts).toMatchObject({
      total: 2n,
      succeeded: 2n,
    });
    expect(await run({ source: manifest('s3://assets/broken.txt') })).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      failure: { reason: 'manifest_invalid', message: expect.stringContaining('line 2') },
    });
    expect(await run({ source: manifest('s3://assets/absent.txt') })).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      failure: { reason: 'asset_not_found' },
    });
  });
});

test('an asset whose report has a name that the store cannot hold is recorded as failed, and the job ends', async () => {
  const long = `long/${'x'.repeat(245)}.glb`;
  await stack.fill('assets', { [long]: boxGlb(), 'long/short.glb': boxGlb() });
  const job = await run({ source: prefixSource('s3://assets/long/') });
  expect(job.counts).toMatchObject({ total: 2n, succeeded: 1n, failed: 1n });
  expect(await outcomesOf(job)).toEqual({ [long]: 'output_refused', 'long/short.glb': '' });
});

describe('a job over another job', () => {
  const jobSource = (jobId: string, outcomes: Outcome[] = []): AssetSource => ({
    source: { $case: 'job', value: { jobId, outcomes } },
  });

  test('takes what succeeded there as it comes, named as there, and ends after it', async () => {
    const first = await stack.jobs.create(draft());
    const second = await stack.jobs.create(draft({ source: jobSource(first.jobId), outputUri: 's3://outputs/chain/' }));
    const [one, two] = [await stack.ended(first.jobId), await stack.ended(second.jobId)];
    expect(one.counts).toMatchObject({ total: 6n, succeeded: 4n, failed: 2n });
    expect(two.counts).toMatchObject({ total: 4n, succeeded: 4n, failed: 0n });
    expect([...(await stack.results(second.jobId)).keys()].toSorted()).toEqual(GOOD.toSorted());
    expect(await stack.keys('outputs', 'chain/a')).toEqual(['chain/a_report.json']);
  });

  test('takes the outcomes that it asks for', async () => {
    const first = await run();
    const second = await run({ source: jobSource(first.jobId, [Outcome.OUTCOME_FAILED]) });
    expect(second.counts).toMatchObject({ total: 2n, failed: 2n });
  });

  test('that nobody knows fails', async () => {
    expect(await run({ source: jobSource('f'.repeat(32)) })).toMatchObject({
      state: JobState.JOB_STATE_FAILED,
      failure: { reason: 'source_job_gone' },
    });
  });

  test('is cancelled with it', async () => {
    const first = await stack.jobs.create(draft({ source: prefixSource('s3://slow/') }));
    const second = await stack.jobs.create(draft({ source: jobSource(first.jobId) }));
    await stack.until(second.jobId, ({ state }) => state === JobState.JOB_STATE_RUNNING);
    await stack.jobs.cancel(first.jobId);
    expect((await stack.ended(second.jobId)).state).toBe(JobState.JOB_STATE_CANCELLED);
  });
});
