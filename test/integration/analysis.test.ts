import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AnalyzeAssetRequest,
  type AnalyzeAssetResponse,
  CreateAnalysisJobRequest,
  ReportStyle,
} from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { type AssetSource, Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';
import { boxGlb, brokenGlbs } from '../support/assets/glb.ts';
import { until } from '../support/poll.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { KernelStack, soon } from '../support/stacks/kernel.ts';

const INSPECTION = { style: ReportStyle.REPORT_STYLE_INSPECTION };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
let stack: KernelStack;

beforeAll(async () => {
  stack = await KernelStack.create(await TestS3.create(), { CYCLORAMA_ALLOWED_BUCKETS: 'assets,outputs' });
  for (const bucket of ['assets', 'outputs']) await stack.store.createBucket(bucket);
  await stack.fill('assets', {
    'm/chair.glb': boxGlb({ materials: ['Wood'] }),
    'm/refused.glb': boxGlb({ materials: ['refuse'] }),
    'm/broken.glb': brokenGlbs().truncated!,
    'm/slow.glb': boxGlb({ materials: [`until ${stack.path('gate')}`] }),
  });
});
afterAll(() => stack?.close());

const prefix = (prefixUri: string): AssetSource => ({
  source: { $case: 'prefix', value: { prefixUri, suffixes: [], limit: 0n } },
});

function analyze(fields: Partial<AnalyzeAssetRequest>, limits: Parameters<typeof callUnary>[3] = soon()) {
  const request = { ...AnalyzeAssetRequest.fromPartial({ uri: 's3://assets/m/chair.glb' }), ...fields };
  return callUnary(stack.client, stack.client.analyzeAsset, request, limits) as Promise<AnalyzeAssetResponse>;
}

async function createJob(fields: Partial<CreateAnalysisJobRequest>) {
  const request = { ...CreateAnalysisJobRequest.fromPartial({}), ...fields };
  const { job } = await callUnary(stack.client, stack.client.createAnalysisJob, request, soon());
  return job!;
}

test('a call without a live worker is refused at once', async () => {
  const start = performance.now();
  await expect(analyze({})).rejects.toMatchObject({ reason: 'no_workers' });
  expect(performance.now() - start).toBeLessThan(15_000);
  // The workers that live are known for two seconds.
  await stack.startWorker();
  await until('the worker is seen', async () => {
    const call = analyze({}).then(
      () => true,
      ({ reason }: { reason: string }) => {
        expect(reason).toBe('no_workers');
        return false;
      },
    );
    return call;
  });
});

describe('AnalyzeAsset', () => {
  test('answers with the report and writes nothing where no place is named', async () => {
    const before = await stack.keys('assets');
    const { report, reportUri, jobId } = await analyze({});
    expect(report).toMatchObject({
      file: 'm/chair.glb',
      vertices: 24n,
      faces: 12n,
      triangles: 12n,
      dimensions: { x: 1, y: 1, z: 1 },
      materialNames: ['Wood'],
    });
    expect(reportUri).toBe('');
    expect(await stack.jobs.get(jobId)).toMatchObject({ jobClass: JobClass.JOB_CLASS_INTERACTIVE, outputUri: '' });
    expect(await stack.keys('assets')).toEqual(before);
  });

  test('writes report and record where a place is named, and tells where, the second time too', async () => {
    const fields = { outputUri: 's3://outputs/one', spec: INSPECTION };
    const first = await analyze(fields);
    expect(first.reportUri).toBe('s3://outputs/one/m/chair.json');
    expect(await stack.json('outputs', 'one/m/chair.json')).toMatchObject({ filename: 'chair.glb' });
    const second = await analyze(fields);
    expect(second).toMatchObject({ reportUri: first.reportUri, report: first.report });
    expect(second.jobId).not.toBe(first.jobId);
    const [result] = (await stack.results(second.jobId)).values();
    expect(result).toMatchObject({ reused: true, outcome: Outcome.OUTCOME_SUCCEEDED });
  });

  test('with a request_id answers again from the same job', async () => {
    const first = await analyze({ requestId: 'once' });
    expect(await analyze({ requestId: 'once' })).toEqual(first);
    await expect(analyze({ requestId: 'once', uri: 's3://assets/m/broken.glb' })).rejects.toMatchObject({
      reason: 'request_id_reused',
    });
  });

  test.each([
    ['m/broken.glb', 'invalid_asset', 'triage'],
    ['m/refused.glb', 'import_failed', 'import'],
    ['m/absent.glb', 'asset_not_found', 'download'],
  ])('of %s fails with %s in %s', async (key, reason, stage) => {
    await expect(analyze({ uri: `s3://assets/${key}` })).rejects.toMatchObject({ reason, detail: { stage } });
  });

  test.each<[string, Partial<AnalyzeAssetRequest>, string, string]>([
    ['a bucket', { uri: 's3://assets/' }, 'invalid_request', 'uri'],
    ['no URI', { uri: '' }, 'invalid_request', 'uri'],
    ['a place that is none', { outputUri: 'outputs' }, 'invalid_request', 'output_uri'],
    ['a long request_id', { requestId: 'x'.repeat(129) }, 'invalid_request', 'request_id'],
    ['a style that there is not', { spec: { style: 99 as 1 } }, 'invalid_request', 'spec.style'],
  ])('refuses %s by its field', async (_, fields, reason, field) => {
    await expect(analyze(fields)).rejects.toMatchObject({ reason, detail: { violations: [{ field }] } });
  });

  test.each<[string, Partial<AnalyzeAssetRequest>]>([
    ['read', { uri: 's3://forbidden/a.glb' }],
    ['written', { outputUri: 's3://forbidden/' }],
  ])('refuses a bucket that may not be %s', async (_, fields) => {
    await expect(analyze(fields)).rejects.toMatchObject({ reason: 'bucket_not_allowed' });
  });

  test('at its deadline ends, and so does its job', async () => {
    const call = analyze({ uri: 's3://assets/m/slow.glb', requestId: 'late' }, { deadlineMs: Date.now() + 1_000 });
    await expect(call).rejects.toMatchObject({ reason: 'deadline_exceeded' });
    await until('the job is cancelled', async () => {
      const slow = (await stack.jobs.all()).filter(({ source }) =>
        JSON.stringify(source?.source?.value).includes('slow'),
      );
      return slow.length === 1 && slow[0]?.state === JobState.JOB_STATE_CANCELLED;
    });
  });

  test('whose client goes away frees the worker within ten seconds', async () => {
    const ending = new AbortController();
    const call = analyze({ uri: 's3://assets/m/slow.glb' }, { ...soon(), signal: ending.signal });
    await until('the task is in hand', async () => (await stack.bus.bucket('ledger').all()).length > 0);
    ending.abort();
    await expect(call).rejects.toMatchObject({ reason: 'cancelled' });
    const start = performance.now();
    expect((await analyze({})).report?.vertices).toBe(24n);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('carries the trace id of its caller into the job', async () => {
    const { jobId } = await analyze({}, { ...soon(), traceId: TRACE });
    expect((await stack.jobs.get(jobId)).traceId).toBe(TRACE);
  });

  test('goes before a batch that waits', async () => {
    const keys = Array.from({ length: 40 }, (_, n) => `batch/${n}.glb`);
    await stack.fill('assets', Object.fromEntries(keys.map((key) => [key, boxGlb()])));
    const batch = await createJob({ source: prefix('s3://assets/batch/') });
    await stack.until(batch.jobId, ({ state }) => state === JobState.JOB_STATE_RUNNING);
    await analyze({});
    const now = await stack.jobs.get(batch.jobId);
    expect(now.state).toBe(JobState.JOB_STATE_RUNNING);
    expect((await stack.ended(batch.jobId)).counts).toMatchObject({ succeeded: 40n });
  });
});

describe('CreateAnalysisJob', () => {
  test('without a place puts each report beside its asset', async () => {
    await writeFile(stack.path('gate'), '');
    const job = await stack.ended((await createJob({ source: prefix('s3://assets/m/') })).jobId);
    expect(job).toMatchObject({
      outputUri: 's3://assets/m/',
      outputsBesideAssets: true,
      counts: { total: 4n, succeeded: 2n, failed: 2n },
    });
    const reports = (await stack.keys('assets', 'm/')).filter((key) => key.endsWith('_report.json'));
    expect(reports).toEqual([
      'm/broken_report.json',
      'm/chair_report.json',
      'm/refused_report.json',
      'm/slow_report.json',
    ]);
  });

  test('of a prefix inside a name keeps its records in the folder', async () => {
    const job = await createJob({ source: prefix('s3://assets/m/cha') });
    expect(job.outputUri).toBe('s3://assets/m/');
    expect((await stack.ended(job.jobId)).counts).toMatchObject({ total: 1n, reused: 1n });
  });

  test.each<[string, Partial<CreateAnalysisJobRequest>]>([
    ['inspections', { source: prefix('s3://assets/m/'), spec: INSPECTION }],
    ['a list', { source: { source: { $case: 'list', value: { uris: ['s3://assets/m/chair.glb'] } } } }],
  ])('of %s needs a place', async (_, fields) => {
    await expect(createJob(fields)).rejects.toMatchObject({
      reason: 'invalid_request',
      detail: { violations: [{ field: 'output_uri' }] },
    });
  });

  test('refuses what it cannot read before a job is made', async () => {
    const before = (await stack.jobs.all()).length;
    await expect(createJob({})).rejects.toMatchObject({ detail: { violations: [{ field: 'source' }] } });
    await expect(createJob({ source: prefix('s3://forbidden/') })).rejects.toMatchObject({
      reason: 'bucket_not_allowed',
    });
    await expect(createJob({ source: prefix('s3://assets/m/'), outputUri: 's3://forbidden/' })).rejects.toMatchObject({
      reason: 'bucket_not_allowed',
    });
    expect((await stack.jobs.all()).length).toBe(before);
  });
});
