import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnalysisServiceClient, CreateAnalysisJobRequest } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { type Job, JobState, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { JobServiceClient, ListTaskResultsRequest } from '../../gen/cyclorama/job/v1/job_service.ts';
import { forEachBounded } from '../../services/kernel/concurrency.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { callStream, callUnary, createClient } from '../../services/kernel/rpc/client.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { type Comparison, compare, filesOf, findCorpus, isAsset, SUFFIXES } from '../support/assets/corpus.ts';
import { plainCount } from '../support/assets/plain-count.ts';
import { SystemStack } from '../support/stacks/system.ts';

const SETS = ['objects', 'bad', 'humans', 'scenes'];
const JOB_MS = 1_200_000;
/** Blenders that count by themselves at a time. */
const PLAIN_AT_ONCE = 2;

let corpus: string;
let system: SystemStack;
let store: ObjectStore;
let analysis: AnalysisServiceClient;
let jobs: JobServiceClient;

beforeAll(async () => {
  corpus = findCorpus();
  system = await SystemStack.create();
  const { endpoint, region, ...key } = system.stack.endpoints.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: 'when_supported' } as const;
  store = createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('test'), key);
  await store.createBucket('corpus');
  analysis = createClient(AnalysisServiceClient, system.stack.endpoints.analysis);
  jobs = createClient(JobServiceClient, system.stack.endpoints.analysis);
});
afterAll(async () => {
  analysis?.close();
  jobs?.close();
  store?.close();
  await system?.close();
});

const limits = () => ({ deadlineMs: Date.now() + JOB_MS });

async function analyse(set: string): Promise<Job> {
  const source = {
    source: { $case: 'prefix' as const, value: { prefixUri: `s3://corpus/${set}/`, suffixes: SUFFIXES, limit: 0n } },
  };
  const request = { ...CreateAnalysisJobRequest.fromPartial({}), source };
  let { job } = await callUnary(analysis, analysis.createAnalysisJob, request, limits());
  const watch = callStream(jobs, jobs.watchJob, { jobId: job!.jobId, afterRevision: 0n }, limits());
  for await (const { job: now } of watch) job = now;
  return job!;
}

async function resultsOf(jobId: string): Promise<Map<string, TaskResult>> {
  const results = new Map<string, TaskResult>();
  let pageToken = '';
  do {
    const request = ListTaskResultsRequest.fromPartial({ jobId, pageToken, pageSize: 1000 });
    const page = await callUnary(jobs, jobs.listTaskResults, request, limits());
    for (const result of page.results) results.set(result.asset!.uri.slice('s3://corpus/'.length), result);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return results;
}

async function reportOf(asset: string): Promise<object | undefined> {
  const found = await store.read({ bucket: 'corpus', key: `${asset}_report.json` }, 10_000_000);
  return found && JSON.parse(found.body.toString('utf8'));
}

/** Prints how many files came to which verdict, and each that is not simply equal. */
function printTable(set: string, rows: Comparison[]): void {
  const sums = Map.groupBy(rows, ({ verdict }) => verdict);
  const lines = rows
    .filter(({ verdict }) => verdict !== 'equal')
    .map(
      ({ verdict, asset, service, plain }) =>
        `  ${verdict.padEnd(16)} ${asset}\n      ours  ${service}\n      bpy   ${plain}`,
    );
  const summary = [...sums].map(([verdict, of]) => `${of.length} ${verdict}`).join(', ');
  console.log(`${set}: ${rows.length} assets: ${summary}\n${lines.join('\n')}`);
}

describe.each(SETS)('of the corpus’s %s', (set) => {
  test('each file has one report, with the counts of bpy alone or a typed reason', async () => {
    expect(existsSync(join(corpus, set)), `'${join(corpus, set)}' is there`).toBe(true);
    const files = filesOf(corpus, set);
    const options = { condition: 'always', contentType: 'application/octet-stream' } as const;
    await forEachBounded(files, 8, async (name) => {
      await store.write({ bucket: 'corpus', key: name }, { path: join(corpus, name) }, options);
    });
    const assets = files.filter(isAsset);
    const job = await analyse(set);
    expect(job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { total: BigInt(assets.length) } });
    const results = await resultsOf(job.jobId);
    expect([...results.keys()].toSorted()).toEqual(assets.toSorted());
    const rows: Comparison[] = [];
    await forEachBounded(assets, PLAIN_AT_ONCE, async (asset) => {
      const plain = await plainCount(join(corpus, asset));
      rows.push(compare(asset, results.get(asset), await reportOf(asset), plain));
    });
    rows.sort((a, b) => (a.asset < b.asset ? -1 : 1));
    printTable(set, rows);
    expect(rows.filter(({ verdict }) => verdict === 'WRONG')).toEqual([]);
  });
});
