import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import {
  AnalysisServiceClient,
  AnalyzeAssetRequest,
  CreateAnalysisJobRequest,
  ReportStyle,
} from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { JobServiceClient, WatchJobRequest } from '../../gen/cyclorama/job/v1/job_service.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { callStream, callUnary, createClient } from '../../services/kernel/rpc/client.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { plainCount } from '../support/assets/plain-count.ts';
import { until } from '../support/poll.ts';
import { SystemStack } from '../support/stacks/system.ts';

const SAMPLES = join(ROOT, 'samples');
const GLBS = readdirSync(SAMPLES).filter((name) => name.endsWith('.glb'));
const BROKEN = { 'empty.glb': 'no_geometry', 'truncated.glb': 'invalid_asset' };
const INSPECTION = { style: ReportStyle.REPORT_STYLE_INSPECTION };
const PREFIX: AssetSource = {
  source: { $case: 'prefix', value: { prefixUri: 's3://samples/', suffixes: [], limit: 0n } },
};
const CALL_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const JOB_TRACE = '0af7651916cd43dd8448eb211c80319c';

let system: SystemStack;
let store: ObjectStore;
let analysis: AnalysisServiceClient;
let jobs: JobServiceClient;

beforeAll(async () => {
  system = await SystemStack.create({ env: { CYCLORAMA_LOG_LEVEL: 'debug' } });
  const { endpoint, region, ...key } = system.stack.endpoints.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: 'when_supported' } as const;
  store = createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('test'), key);
  for (const bucket of ['samples', 'outputs']) await store.createBucket(bucket);
  for (const name of [...GLBS, 'Textures/colormap.png']) {
    const options = { condition: 'always', contentType: 'application/octet-stream' } as const;
    await store.write({ bucket: 'samples', key: name }, { path: join(SAMPLES, name) }, options);
  }
  analysis = createClient(AnalysisServiceClient, system.stack.endpoints.analysis);
  jobs = createClient(JobServiceClient, system.stack.endpoints.discovery);
});
afterAll(async () => {
  analysis?.close();
  jobs?.close();
  store?.close();
  await system?.close();
});

const limits = (traceId?: string) => ({ deadlineMs: Date.now() + 120_000, traceId });

function analyze(name: string, fields: Partial<AnalyzeAssetRequest> = {}, traceId?: string) {
  const request = { ...AnalyzeAssetRequest.fromPartial({ uri: `s3://samples/${name}` }), ...fields };
  return callUnary(analysis, analysis.analyzeAsset, request, limits(traceId));
}

async function runJob(fields: Partial<CreateAnalysisJobRequest>, traceId?: string): Promise<Job> {
  const request = { ...CreateAnalysisJobRequest.fromPartial({}), source: PREFIX, ...fields };
  const { job } = await callUnary(analysis, analysis.createAnalysisJob, request, limits(traceId));
  let last = job!;
  const watch = WatchJobRequest.fromPartial({ jobId: last.jobId });
  for await (const { job: now } of callStream(jobs, jobs.watchJob, watch, limits())) last = now!;
  return last;
}

async function readJson(bucket: string, key: string): Promise<unknown> {
  const found = await store.read({ bucket, key }, 1_000_000);
  return JSON.parse(found?.body.toString('utf8') ?? 'null');
}

/** Log lines of a part, parsed. */
function logOf(part: string): Record<string, unknown>[] {
  const text = readFileSync(join(system.stack.dir.logs, `${part}.log`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('AnalyzeAsset with a real Blender', () => {
  test('counts what bpy alone counts', async () => {
    const { report } = await analyze('fox.glb');
    const { vertices, faces, triangles, quads, ngons } = report!;
    const counts = { vertices, faces, triangles, quads, ngons };
    const plain = await plainCount(join(SAMPLES, 'fox.glb'));
    expect(Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)]))).toEqual(plain);
    expect(report!.materialNames).toEqual(['fox_material']);
    for (const extent of Object.values(report!.dimensions!)) expect(extent).toBeGreaterThan(0);
  });

  test('refuses a broken file by its reason', async () => {
    await expect(analyze('truncated.glb')).rejects.toMatchObject({
      reason: 'invalid_asset',
      detail: { stage: 'triage' },
    });
  });

  test('refuses a file without a mesh in style VALIDATION, and counts nothing in style INSPECTION', async () => {
    await expect(analyze('empty.glb')).rejects.toMatchObject({ reason: 'no_geometry' });
    const { report } = await analyze('empty.glb', { spec: INSPECTION });
    expect(report).toMatchObject({ vertices: 0n, faces: 0n, dimensions: { x: 0, y: 0, z: 0 } });
  });
});

describe('an analysis of all samples', () => {
  test('puts one report beside each, the failed ones with their reasons', async () => {
    const job = await runJob({}, JOB_TRACE);
    expect(job).toMatchObject({
      state: JobState.JOB_STATE_SUCCEEDED,
      counts: { total: BigInt(GLBS.length), succeeded: BigInt(GLBS.length - 2), failed: 2n, reused: 0n },
    });
    const reports = await Promise.all(
      GLBS.map((name) => readJson('samples', name.replace('.glb', '_report.json')) as Promise<Record<string, unknown>>),
    );
    expect(reports.map(({ file }) => file)).toEqual(GLBS);
    for (const { file, status, stats, reason, error_message: message } of reports) {
      const broken = BROKEN[file as keyof typeof BROKEN];
      if (broken === undefined) {
        expect({ status, stats }).toMatchObject({
          status: 'success',
          stats: { vertices: expect.any(Number), faces: expect.any(Number), dimensions: { x: expect.any(Number) } },
        });
      } else
        expect({ status, reason, message }).toEqual({ status: 'error', reason: broken, message: expect.any(String) });
    }
  });

  test('does nothing again the second time', async () => {
    const job = await runJob({});
    expect(job.counts).toMatchObject({ failed: 2n, reused: BigInt(GLBS.length) });
  });

  test('in style INSPECTION writes exercise 1’s JSON, with the counts of bpy alone', async () => {
    const job = await runJob({ spec: INSPECTION, outputUri: 's3://outputs/inspected/' });
    expect(job.counts).toMatchObject({ succeeded: BigInt(GLBS.length - 1), failed: 1n });
    const report = (await readJson('outputs', 'inspected/chair.json')) as Record<string, object>;
    const { geometry, topology, dimensions } = report;
    expect(Object.keys(report)).toEqual(['filename', 'geometry', 'topology', 'dimensions']);
    expect(report.filename).toBe('chair.glb');
    expect(Object.keys(dimensions!)).toEqual(['x', 'y', 'z']);
    expect({ ...geometry, ...topology }).toEqual(await plainCount(join(SAMPLES, 'chair.glb')));
  });
});

test('the worker’s metrics count the tasks by outcome and reason', async () => {
  const text = await (await fetch(`${system.stack.endpoints.http.worker}/metrics`)).text();
  const count = (labels: string): number =>
    Number(new RegExp(`^cyclorama_tasks_total\\{queue="analysis",${labels}\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  // Fox and empty in calls, ten samples in the first job and eleven in the last.
  expect(count('outcome="succeeded",reason=""')).toBe(2 + (GLBS.length - 2) + (GLBS.length - 1));
  expect(count('outcome="failed",reason="invalid_asset"')).toBe(3);
  expect(count('outcome="failed",reason="no_geometry"')).toBe(2);
});

test('one trace id leads from the call to Blender’s own log line', async () => {
  await analyze('brick.glb', {}, CALL_TRACE);
  const has = (part: string, line: (entry: Record<string, unknown>) => boolean): boolean => logOf(part).some(line);
  await until('the worker has logged the task', () =>
    has('worker', ({ msg, trace }) => msg === 'task committed' && trace === CALL_TRACE),
  );
  expect(has('worker', ({ blender }) => String(blender).includes(`trace=${CALL_TRACE}`))).toBe(true);
  expect(has('analysis', (entry) => JSON.stringify(entry).includes(CALL_TRACE))).toBe(true);
  for (const part of ['analysis', 'discovery', 'worker']) {
    expect(
      has(part, (entry) => JSON.stringify(entry).includes(JOB_TRACE)),
      part,
    ).toBe(true);
  }
});
