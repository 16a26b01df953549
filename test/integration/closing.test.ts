import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobClass, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { readTools } from '../../scripts/tools.mjs';
import type { IndexRow } from '../../services/kernel/dataset/index/row.ts';
import { readClosing } from '../../services/kernel/jobs/results.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { KernelStack } from '../support/stacks/kernel.ts';

const run = promisify(execFile);
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const SAMPLES = path('../../samples/');
const INDEX = 's3://outputs/first/index.jsonl';
const STATIC = 'stats.faces < 200000 AND NOT stats.animations:*';

let stack: KernelStack;
let first: Job;
let rows: IndexRow[];

/** The samples through real Blender, a file that is none, and one with a name that Markdown and SQL must survive. */
beforeAll(async () => {
  stack = await KernelStack.create(await TestS3.create());
  for (const bucket of ['assets', 'outputs']) await stack.store.createBucket(bucket);
  const samples = readdirSync(SAMPLES).filter((name) => name.endsWith('.glb'));
  await stack.fill('assets', Object.fromEntries(samples.map((name) => [name, readFileSync(SAMPLES + name)])));
  await stack.fill('assets', { "o'dd | `name`.glb": 'no glb at all' });
  await stack.startWorker({ CYCLORAMA_PYTHON: readTools().python, CYCLORAMA_SLOTS: '1' });
  first = await analyse({ $case: 'prefix', value: { prefixUri: 's3://assets/', suffixes: [], limit: 0n } }, 'first');
  rows = await readIndex();
  for (const name of ['index.jsonl', 'index.parquet']) await writeFile(stack.path(name), (await readObject(name))!);
});
afterAll(() => stack?.close());

async function analyse(source: NonNullable<AssetSource['source']>, output: string): Promise<Job> {
  const job = await stack.jobs.create({
    operation: 'analysis',
    source: { source },
    spec: {},
    outputUri: `s3://outputs/${output}/`,
    outputsBesideAssets: false,
    jobClass: JobClass.JOB_CLASS_BATCH,
    requestId: '',
    replace: false,
    retryOf: '',
    traceId: '0'.repeat(32),
  });
  return stack.ended(job.jobId);
}

const manifest = (filter: string): NonNullable<AssetSource['source']> => ({
  $case: 'manifest',
  value: { uri: INDEX, filter, suffixes: [] },
});

async function readObject(name: string): Promise<Buffer | undefined> {
  return (await stack.store.read({ bucket: 'outputs', key: `first/${name}` }, 10_000_000))?.body;
}

async function readIndex(): Promise<IndexRow[]> {
  const lines = (await readObject('index.jsonl'))!.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as IndexRow);
}

async function closingOf({ jobId }: Job): Promise<unknown> {
  const reader = readClosing(stack.bus, jobId);
  const result = await reader.next(1_000);
  await reader.close();
  return result?.detail;
}

async function duckdb(...args: string[]): Promise<unknown> {
  const { stdout } = await run(readTools().testPython!, [path('../support/assets/open_index.py'), ...args], {
    cwd: stack.path(''),
  });
  return JSON.parse(stdout);
}

async function select(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, ...stack.s3.environment };
  try {
    return { code: 0, ...(await run(process.execPath, [path('../../cli/main.ts'), 'select', ...args], { env })) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

/** The three questions of docs/use/dataset-index.md, as they stand there. */
function documentedQueries(): string[] {
  const text = readFileSync(path('../../docs/use/dataset-index.md'), 'utf8');
  return /```sql\n([\s\S]*?)```/
    .exec(text)![1]!
    .split(';')
    .map((query) => query.trim())
    .filter(Boolean);
}

const staticRows = (): IndexRow[] =>
  rows.filter(({ stats }) => stats && Number(stats.faces) < 200_000 && (stats.animations as unknown[]).length === 0);

test('a job ends with a row for each asset of its dataset, in index and report', async () => {
  expect(first).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, warnings: [] });
  expect(BigInt(rows.length)).toBe(first.counts!.total);
  const results = await stack.results(first.jobId);
  expect(new Set(rows.map(({ key }) => key))).toEqual(new Set(results.keys()));
  for (const row of rows) {
    expect(row.reason ?? undefined).toBe(results.get(row.key)!.failure?.reason);
    expect(row.record_uri).toBe(results.get(row.key)!.recordUri);
  }
  expect(rows.find(({ key }) => key === 'chair.glb')).toMatchObject({ outcome: 'succeeded', job_id: first.jobId });
  expect(await closingOf(first)).toEqual({ rows: rows.length, reused: 0, read: rows.length });
  const report = (await readObject('report.md'))!.toString('utf8');
  expect(report).toContain(`| succeeded | ${first.counts!.succeeded} |`);
  expect(report).toContain("- `o'dd name .glb`: ");
});

test('DuckDB answers the three questions of the documentation', async () => {
  const [large, failed, animated] = documentedQueries();
  const faces = rows.filter(({ stats }) => Number(stats?.faces) > 10_000).map(({ key }) => key);
  const answer = (await duckdb(large!)) as [string, number, string[]][];
  expect(new Set(answer.map(([key]) => key))).toEqual(new Set(faces));
  const reasons = (await duckdb(failed!)) as [string, number, string][];
  expect(reasons.reduce((sum, [, count]) => sum + count, 0)).toBe(Number(first.counts!.failed));
  const moving = rows.filter(({ stats }) => ((stats?.animations ?? []) as unknown[]).length > 0).length;
  expect(moving).toBeGreaterThan(0);
  expect(await duckdb(animated!)).toMatchObject([
    [false, Number(first.counts!.succeeded) - moving, expect.any(Number)],
    [true, moving, expect.any(Number)],
  ]);
});

test('pandas opens the table with the types of the documentation', async () => {
  expect(await duckdb('pandas', 'index.parquet')).toMatchObject({
    rows: rows.length,
    types: { size_bytes: 'int64', seconds: 'float64', end_time: 'datetime64[ms, UTC]', stats_faces: 'float64' },
  });
});

test('a second job takes every row over', async () => {
  const again = await analyse(
    { $case: 'prefix', value: { prefixUri: 's3://assets/', suffixes: [], limit: 0n } },
    'first',
  );
  expect(again.counts).toMatchObject({ reused: first.counts!.total });
  expect(await closingOf(again)).toEqual({ rows: rows.length, reused: rows.length, read: 0 });
  expect(await readIndex()).toEqual(rows);
});

test('select prints what a filter takes, from the store and from a file', async () => {
  const wanted = staticRows().map(({ uri }) => uri);
  expect(wanted.length).toBeGreaterThan(2);
  expect((await select(INDEX, STATIC)).stdout.trim().split('\n')).toEqual(wanted);
  expect((await select(stack.path('index.jsonl'), STATIC, '--count')).stdout.trim()).toBe(String(wanted.length));
  const [line] = (await select(INDEX, 'key = chair.glb', '--json')).stdout.split('\n');
  expect(JSON.parse(line!)).toEqual(rows.find(({ key }) => key === 'chair.glb'));
});

test.each([
  [[INDEX, 'stats.facse < 5'], /has the field 'stats.facse'/],
  [[INDEX, 'stats.faces <'], /at character 14: found the end; expected a number/],
  [[INDEX, 'stats.faces < 200k'], /no row of .* has text in 'stats.faces', to compare with '200k'/],
  [['nowhere.jsonl', 'a = 1'], /'nowhere.jsonl' cannot be read .*expected a file/],
  [['.', 'a = 1'], /'.' cannot be read .*expected a file/],
  [['s3://outputs/none.jsonl'], /does not exist/],
  [[path('../../package.json')], /line 1 of .* expected a row of a dataset's index.jsonl/],
])('select %j is refused with the reason', async (args, message) => {
  const { code, stderr } = await select(...args);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
});

test('a job over an index and a filter takes what the filter takes', async () => {
  const next = await analyse(manifest(STATIC), 'static');
  expect(next).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED });
  expect(new Set((await stack.results(next.jobId)).keys())).toEqual(new Set(staticRows().map(({ key }) => key)));
});

test('a job whose filter compares a field that no row has fails and names it', async () => {
  expect(await analyse(manifest('stats.facse < 5'), 'slip')).toMatchObject({
    state: JobState.JOB_STATE_FAILED,
    failure: { reason: 'manifest_invalid', message: expect.stringContaining("'stats.facse'") },
  });
});
