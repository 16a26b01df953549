import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { CycloramaError } from '../failure.ts';
import type { ListQuery, ObjectStore } from '../store/types.ts';
import { toS3Uri } from '../uri.ts';
import { type Closing, closeDataset } from './close.ts';
import { toAssetId } from './fingerprint.ts';
import type { IndexRow } from './index/row.ts';
import { divideRecords, listShard } from './index/shards.ts';
import { outcomeWord, toDatasetPlaces } from './places.ts';

const NEVER = new AbortController().signal;
const PLACES = toDatasetPlaces('s3://bucket/out/');
const folder = temporaryFolder();
const uriOf = (n: number): string => `s3://assets/models/${n}.glb`;

interface Recorded {
  outcome?: Outcome;
  fingerprint?: string;
  faces?: number;
  message?: string;
}

/** Puts the record of one asset into a store and returns its name there. */
function record(
  store: MemoryStore,
  n: number,
  { outcome = 1, fingerprint = 'f'.repeat(32), faces = n, message: said = `asset ${n} has no mesh` }: Recorded = {},
) {
  const failed = outcome === Outcome.OUTCOME_FAILED;
  const message = TaskRecord.fromPartial({
    result: {
      taskId: toAssetId(uriOf(n)),
      asset: { uri: uriOf(n), sizeBytes: BigInt(100 * n), etag: `etag-${n}` },
      outcome,
      failure: failed ? { reason: 'no_geometry', message: said } : undefined,
      stageSeconds: { import: n / 10 },
    },
    fingerprint,
    report: failed ? undefined : { faces },
  });
  const assetId = message.result!.taskId;
  const name = toS3Uri(PLACES.record({ assetId, fingerprint, outcome: outcomeWord(outcome) })).slice('s3://'.length);
  store.objects.set(name, { body: Buffer.from(JSON.stringify(TaskRecord.toJSON(message))), etag: `${n} ${faces}` });
  return name;
}

function storeOf(count: number): MemoryStore {
  const store = new MemoryStore();
  for (let n = 0; n < count; n++) record(store, n);
  return store;
}

async function close(store: MemoryStore, name = 'scratch'): Promise<Closing> {
  const scratch = join(folder(), name);
  await mkdir(scratch, { recursive: true });
  const job = Job.fromPartial({ jobId: 'job', operation: 'note', outputUri: 's3://bucket/out/', source: {} });
  const operation = { recipe: 1, approach: 'Noted.', toStats: (report: object) => ({ ...report }) };
  const parts = {
    store,
    operation,
    version: '1',
    folder: scratch,
    readJob: async () => job,
    log: pino({ enabled: false }),
  };
  return closeDataset(parts, { outputUri: 's3://bucket/out/', outputsBesideAssets: false }, NEVER);
}

function rowsOf(store: MemoryStore): IndexRow[] {
  const text = store.objects.get('bucket/out/index.jsonl')!.body.toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as IndexRow);
}

describe('closing a dataset', () => {
  test('writes one row for each asset, failures included, in the order of asset ids', async () => {
    const store = storeOf(300);
    record(store, 300, { outcome: Outcome.OUTCOME_FAILED });
    expect(await close(store)).toEqual({ rows: 301, reused: 0, read: 301, warnings: [] });
    const rows = rowsOf(store);
    expect(rows.map(({ asset_id }) => asset_id)).toEqual(rows.map(({ asset_id }) => asset_id).toSorted());
    expect(new Set(rows.map(({ uri }) => uri)).size).toBe(301);
    expect(rows.find(({ uri }) => uri === uriOf(7))).toMatchObject({
      key: 'models/7.glb',
      size_bytes: 700,
      outcome: 'succeeded',
      stats: { faces: 7 },
      seconds: 0.7,
    });
    expect(rows.find(({ uri }) => uri === uriOf(300))).toMatchObject({
      outcome: 'failed',
      reason: 'no_geometry',
      message: 'asset 300 has no mesh',
      stats: null,
    });
    const report = store.objects.get('bucket/out/report.md')!.body.toString('utf8');
    expect(report).toContain('| failed no_geometry | 1 | 0.3 % |');
    expect(report).toContain('- `models/300.glb`: `asset 300 has no mesh`');
    expect(store.objects.get('bucket/out/index.parquet')!.body.subarray(0, 4).toString()).toBe('PAR1');
  });

  test('spells no half of a character, at which readers of the index would stop', async () => {
    const store = new MemoryStore();
    record(store, 1, { outcome: Outcome.OUTCOME_FAILED, message: 'caf\udce9 \ud83d\ude00 \\ud83d is missing' });
    await close(store);
    expect(store.objects.get('bucket/out/index.jsonl')!.body.toString('utf8')).not.toMatch(/[^\\]\\ud/);
    expect(rowsOf(store)[0]?.message).toBe('caf\ufffd \ud83d\ude00 \\ud83d is missing');
  });

  test('of nothing writes an empty index and a Parquet file with columns', async () => {
    const store = new MemoryStore();
    expect(await close(store)).toMatchObject({ rows: 0 });
    expect(store.objects.get('bucket/out/index.jsonl')!.body.length).toBe(0);
    expect(store.objects.get('bucket/out/index.parquet')!.body.subarray(-4).toString()).toBe('PAR1');
  });

  test('again reads only records that are new or changed, and gives the same index', async () => {
    const store = storeOf(100);
    await close(store);
    const before = store.objects.get('bucket/out/index.jsonl')!.body;
    expect(await close(store)).toMatchObject({ rows: 100, reused: 100, read: 0 });
    expect(store.objects.get('bucket/out/index.jsonl')!.body.equals(before)).toBe(true);
    record(store, 50, { faces: 5000 });
    record(store, 100);
    store.objects.delete(record(store, 3));
    expect(await close(store)).toMatchObject({ rows: 100, reused: 98, read: 2 });
    const rows = rowsOf(store);
    expect(rows.find(({ uri }) => uri === uriOf(50))?.stats).toEqual({ faces: 5000 });
    expect(rows.some(({ uri }) => uri === uriOf(3))).toBe(false);
  });

  test.each([
    ['no index at all', 'hello\nworld\n'],
    ['an index in another order', `{"asset_id":"${'b'.repeat(32)}"}\n{"asset_id":"${'a'.repeat(32)}"}\n`],
    ['rows that are no JSON', `{"asset_id":"${toAssetId(uriOf(1))}",,\n`],
    ['a last row that broke off', `{"asset_id":"${toAssetId(uriOf(1))}"`],
  ])('makes every row anew where there is %s', async (_, text) => {
    const store = storeOf(20);
    store.objects.set('bucket/out/index.jsonl', { body: Buffer.from(text), etag: 'odd' });
    expect(await close(store)).toMatchObject({ rows: 20, reused: 0, read: 20 });
    expect(rowsOf(store)).toHaveLength(20);
  });

  test('makes every row anew where the index is damaged, and passes over records that are', async () => {
    const store = storeOf(2);
    await close(store);
    let records = 0;
    store.fault = (op, { key }) => {
      const isRecord = op === 'read' && key.includes('/records/');
      if ((op === 'download' && key === 'out/index.jsonl') || (isRecord && records++ === 0))
        throw new CycloramaError('invalid_asset', 'Checksum mismatch: expected "a" but received "b"');
    };
    expect(await close(store)).toMatchObject({ rows: 1, reused: 0, read: 1 });
  });

  test('takes the one that succeeded of two records with the same fingerprint', async () => {
    const store = storeOf(1);
    record(store, 0, { outcome: Outcome.OUTCOME_FAILED });
    expect(await close(store)).toMatchObject({ rows: 1 });
    expect(rowsOf(store)[0]?.outcome).toBe('succeeded');
  });

  test('passes over a record that cannot be read, and says so', async () => {
    const store = storeOf(5);
    store.objects.set(record(store, 2), { body: Buffer.from('{'), etag: 'broken' });
    const { rows, warnings } = await close(store);
    expect(rows).toBe(4);
    expect(warnings[0]).toMatch(/^1 records cannot be read .*s3:\/\/bucket\/out\/_cyclorama\/records/);
  });

  test('that another job closes at the same time begins again, so that no record of either is missing', async () => {
    const store = storeOf(10);
    let begun = false;
    store.fault = (op, { key }) => {
      if (op !== 'write' || key !== 'out/index.jsonl' || begun) return;
      begun = true;
      record(store, 10);
      store.objects.set('bucket/out/index.jsonl', { body: Buffer.from('elsewhere\n'), etag: 'elsewhere' });
    };
    expect(await close(store)).toMatchObject({ rows: 11 });
    expect(rowsOf(store)).toHaveLength(11);
  });

  test('by two jobs at once leaves an index with the records of both', async () => {
    const store = storeOf(40);
    const first = close(store, 'first');
    record(store, 40);
    await Promise.all([first, close(store, 'second')]);
    expect(rowsOf(store)).toHaveLength(41);
  });

  test('gives up for a while where others are always faster', async () => {
    const store = storeOf(1);
    let writes = 0;
    store.fault = (op, { key }) => {
      if (op === 'write' && key === 'out/index.parquet')
        store.objects.set(`bucket/${key}`, { body: Buffer.from('x'), etag: `other ${writes++}` });
    };
    await expect(close(store)).rejects.toMatchObject({ reason: 'precondition_failed' });
    expect(writes).toBe(5);
  });
});

test('records beyond one page of a digit are divided by two, and each is listed once', async () => {
  const store = storeOf(2500);
  const paged: Pick<ObjectStore, 'list' | 'listAll'> = {
    async list(bucket, query: ListQuery) {
      const { objects } = await store.list(bucket, query);
      const from = Number(query.continuationToken ?? 0);
      const nextToken = from + 100 < objects.length ? String(from + 100) : undefined;
      return { objects: objects.slice(from, from + 100), nextToken };
    },
    listAll: (bucket, prefix) => store.listAll(bucket, prefix),
  };
  const shards = await divideRecords(paged, PLACES, NEVER);
  expect(shards.some(({ digits }) => digits.length === 2)).toBe(true);
  const listed = await Promise.all(shards.map((shard) => listShard(paged, PLACES, shard, NEVER)));
  const ids = listed.flat().map(({ assetId }) => assetId);
  expect(ids).toEqual(Array.from({ length: 2500 }, (_, n) => toAssetId(uriOf(n))).sort());
});
