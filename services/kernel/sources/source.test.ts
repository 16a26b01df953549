import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Asset, type AssetSource, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { ScanAssetsRequest } from '../../../gen/cyclorama/discovery/v1/discovery.ts';
import { Job, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobEntry } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { CycloramaError } from '../failure.ts';
import { publishResult } from '../jobs/results.ts';
import { type StoredJob, toStoredJob } from '../jobs/stored-job.ts';
import { readNaming } from './naming.ts';
import { countSource, readSource, type Scan, type SourceParts, UnsortedSource } from './source.ts';

const NEVER = new AbortController().signal;
const keysOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `models/${String(n).padStart(6, '0')}.glb`);

/** A discovery service over keys in memory that counts how it was asked. */
function scanOf(keys: string[], asked: ScanAssetsRequest[] = []): Scan {
  return async function* (request) {
    asked.push(request);
    const rest = keys.filter((key) => key > request.startAfter).slice(0, Number(request.limit) || undefined);
    for (let at = 0; at < rest.length; at += 1000) {
      yield { assets: rest.slice(at, at + 1000).map((key) => Asset.fromPartial({ uri: `s3://bucket/${key}` })) };
    }
  };
}

function partsOf(scan: Scan, store: Partial<SourceParts['store']> = {}): SourceParts {
  const absent = async (): Promise<undefined> => undefined;
  const bus: SourceParts['bus'] = { reader: () => ({ next: async () => [], close: async () => {} }) };
  const head: SourceParts['store']['head'] = async (place) => store.head?.(place);
  const read: SourceParts['store']['read'] = async (...args) => store.read?.(...args);
  return { scan, store: { head, read }, bus, readJob: absent };
}

function entryOf(source: AssetSource, rest: Partial<StoredJob> = {}): StoredJob {
  const job = Job.fromPartial({ jobId: 'job', traceId: 'trace' });
  return { ...toStoredJob({ ...JobEntry.fromPartial({}), job: { ...job, source } }), ...rest };
}

const prefix = (limit = 0n): AssetSource => ({
  source: { $case: 'prefix', value: { prefixUri: 's3://bucket/models/', suffixes: ['.glb'], limit } },
});
const list = (uris: string[]): AssetSource => ({ source: { $case: 'list', value: { uris } } });
const manifest: AssetSource = {
  source: { $case: 'manifest', value: { uri: 's3://bucket/list.txt', filter: '', suffixes: [] } },
};

async function keysFrom(parts: SourceParts, entry: StoredJob, taken = 0): Promise<string[]> {
  const batches = await Array.fromAsync(readSource(parts, entry, taken, NEVER));
  return batches.flatMap(({ assets }) => assets.map(({ uri }) => uri.slice('s3://bucket/'.length)));
}

test('a source of an unknown kind is an error, not an empty source', async () => {
  const entry = entryOf({ source: undefined });
  const message = "job 'job' has a source of an unknown kind; expected prefix, list, manifest or job";
  await expect(keysFrom(partsOf(scanOf([])), entry)).rejects.toThrow(message);
  await expect(Array.fromAsync(countSource(partsOf(scanOf([])), entry, NEVER))).rejects.toThrow(message);
});

describe('a prefix', () => {
  const KEYS = keysOf(25_000);

  test('is read in windows of 10,000, each after the last key of the one before', async () => {
    const asked: ScanAssetsRequest[] = [];
    expect(await keysFrom(partsOf(scanOf(KEYS, asked)), entryOf(prefix()))).toEqual(KEYS);
    expect(asked.map(({ startAfter, limit }) => [startAfter, limit])).toEqual([
      ['', 10_000n],
      [KEYS[9_999], 10_000n],
      [KEYS[19_999], 10_000n],
    ]);
  });

  test('has a window read to its end before the first of its assets is used', async () => {
    let open = false;
    const scan: Scan = async function* (...request) {
      open = true;
      yield* scanOf(KEYS)(...request);
      open = false;
    };
    for await (const _ of readSource(partsOf(scan), entryOf(prefix()), 0, NEVER)) expect(open).toBe(false);
  });

  test('can be taken up at every cursor', async () => {
    const batches = await Array.fromAsync(readSource(partsOf(scanOf(KEYS)), entryOf(prefix()), 0, NEVER));
    expect(Math.max(...batches.map(({ assets }) => assets.length))).toBe(100);
    const { cursor } = batches[77]!;
    expect(await keysFrom(partsOf(scanOf(KEYS)), entryOf(prefix(), { cursor }))).toEqual(KEYS.slice(7_800));
  });

  test('stops at its limit, assets before the cursor counted', async () => {
    const parts = partsOf(scanOf(KEYS));
    expect(await keysFrom(parts, entryOf(prefix(12_345n)))).toEqual(KEYS.slice(0, 12_345));
    const later = entryOf(prefix(12_345n), { cursor: KEYS[11_999]! });
    expect(await keysFrom(parts, later, 12_000)).toEqual(KEYS.slice(12_000, 12_345));
    expect(await keysFrom(parts, later, 12_345)).toEqual([]);
  });

  test('is counted while it is read', async () => {
    const sums = await Array.fromAsync(countSource(partsOf(scanOf(KEYS)), entryOf(prefix()), NEVER));
    expect(sums.at(-1)).toBe(25_000);
    expect(sums.length).toBeGreaterThan(20);
    const none = await Array.fromAsync(countSource(partsOf(scanOf([])), entryOf(prefix()), NEVER));
    expect(none).toEqual([0]);
  });

  test('out of order is noticed; told so, the reader takes it as it comes in one go', async () => {
    const walk: Scan = async function* () {
      for (const key of ['a/1', 'a-b/1', 'a0/1']) yield { assets: [Asset.fromPartial({ uri: `s3://bucket/${key}` })] };
    };
    await expect(keysFrom(partsOf(walk), entryOf(prefix()))).rejects.toBeInstanceOf(UnsortedSource);
    expect(await keysFrom(partsOf(walk), entryOf(prefix(), { unsorted: true }))).toEqual(['a/1', 'a-b/1', 'a0/1']);
  });

  test('is told apart by bytes, as stores sort, not by UTF-16', async () => {
    const bytewise = ['models/\uFFFD.glb', 'models/😀.glb'];
    const scan: Scan = async function* () {
      yield { assets: bytewise.map((key) => Asset.fromPartial({ uri: `s3://bucket/${key}` })) };
    };
    expect(await keysFrom(partsOf(scan), entryOf(prefix()))).toEqual(bytewise);
  });
});

describe('named assets', () => {
  const URIS = keysOf(40).map((key) => `s3://bucket/${key}`);
  const head: SourceParts['store']['head'] = async ({ key }) =>
    key.endsWith('7.glb') ? undefined : { key, sizeBytes: 5n, etag: `e ${key}`, lastModifyTime: undefined };

  test('come in their order with size and ETag; one that is not there comes without', async () => {
    const batches = await Array.fromAsync(readSource(partsOf(scanOf([]), { head }), entryOf(list(URIS)), 0, NEVER));
    const assets = batches.flatMap((batch) => batch.assets);
    expect(assets.map(({ uri }) => uri)).toEqual(URIS);
    expect(assets[0]).toMatchObject({ sizeBytes: 5n, etag: 'e models/000000.glb' });
    expect(assets[7]).toMatchObject({ sizeBytes: 0n, etag: '' });
  });

  test('of which the store refuses one for good come without its ETag; other failures are the whole job’s', async () => {
    const failing = (reason: 'request_refused' | 'access_denied'): SourceParts['store']['head'] => {
      return (place) => (place.key.endsWith('3.glb') ? Promise.reject(new CycloramaError(reason, 'no')) : head(place));
    };
    const read = (reason: 'request_refused' | 'access_denied') =>
      Array.fromAsync(readSource(partsOf(scanOf([]), { head: failing(reason) }), entryOf(list(URIS)), 0, NEVER));
    const assets = (await read('request_refused')).flatMap((batch) => batch.assets);
    expect(assets.map(({ etag }) => etag).slice(2, 5)).toEqual(['e models/000002.glb', '', 'e models/000004.glb']);
    await expect(read('access_denied')).rejects.toMatchObject({ reason: 'access_denied' });
  });

  test('can be taken up at every cursor', async () => {
    const parts = partsOf(scanOf([]), { head });
    const [first, second] = await Array.fromAsync(readSource(parts, entryOf(list(URIS)), 0, NEVER));
    const rest = await keysFrom(parts, entryOf(list(URIS), { cursor: second!.cursor }));
    expect(rest).toHaveLength(40 - first!.assets.length - second!.assets.length);
    expect(rest.at(-1)).toBe('models/000039.glb');
  });

  test('of a manifest come in its order; a manifest that is not there fails the job', async () => {
    const store = new MemoryStore();
    store.objects.set('bucket/list.txt', { body: Buffer.from(URIS.join('\n')), etag: 'list' });
    const parts = partsOf(scanOf([]), store);
    const keys = await keysFrom(parts, entryOf(manifest));
    expect(keys).toEqual(keysOf(40));
    expect((await Array.fromAsync(countSource(parts, entryOf(manifest), NEVER))).at(-1)).toBe(40);
    expect(await keysFrom(parts, entryOf(manifest, { cursor: '17' }))).toEqual(keys.slice(17));
    store.objects.clear();
    await expect(keysFrom(parts, entryOf(manifest))).rejects.toMatchObject({
      reason: 'asset_not_found',
    });
  });
});

describe('an inventory', () => {
  const row = (key: string, rest: string): string => `"bucket","${key}",${rest}`;
  const inventoryOf = (fileSchema: string, rows: string[]): MemoryStore => {
    const store = new MemoryStore();
    const files = [{ key: 'one.csv.gz' }];
    const about = { sourceBucket: 'bucket', destinationBucket: 'arn:aws:s3:::bucket', fileFormat: 'CSV' };
    const body = Buffer.from(JSON.stringify({ ...about, fileSchema, files }));
    store.objects.set('bucket/manifest.json', { body, etag: 'manifest' });
    store.objects.set('bucket/one.csv.gz', { body: gzipSync(rows.join('\n')), etag: 'one' });
    return store;
  };
  const source = (suffixes: string[] = []): AssetSource => ({
    source: { $case: 'manifest', value: { uri: 's3://bucket/manifest.json', filter: '', suffixes } },
  });

  test('gives assets without looking them up, a hundred between two cursors', async () => {
    const keys = keysOf(250);
    const store = inventoryOf(
      'Bucket, Key, Size, ETag',
      keys.map((key) => row(key, '"7","tag"')),
    );
    const looked: string[] = [];
    store.fault = (op, { key }) => {
      if (op === 'head') looked.push(key);
    };
    const parts = partsOf(scanOf([]), store);
    const batches = await Array.fromAsync(readSource(parts, entryOf(source()), 0, NEVER));
    expect(batches.flatMap(({ assets }) => assets)).toHaveLength(250);
    expect(batches[0]!.assets[0]).toMatchObject({ uri: `s3://bucket/${keys[0]}`, sizeBytes: 7n, etag: 'tag' });
    expect(new Set(looked)).toEqual(new Set(['one.csv.gz']));
    expect(await keysFrom(parts, entryOf(source(), { cursor: '123' }))).toEqual(keys.slice(123));
    expect((await Array.fromAsync(countSource(parts, entryOf(source()), NEVER))).at(-1)).toBe(250);
  });

  test('without ETags has its assets looked up', async () => {
    const store = inventoryOf('Bucket, Key, Size', [row('a.glb', '"7"')]);
    store.objects.set('bucket/a.glb', { body: Buffer.from('content'), etag: 'looked up' });
    const [batch] = await Array.fromAsync(readSource(partsOf(scanOf([]), store), entryOf(source()), 0, NEVER));
    expect(batch!.assets).toMatchObject([{ uri: 's3://bucket/a.glb', sizeBytes: 7n, etag: 'looked up' }]);
  });

  test('tells its suffixes for the names of outputs', async () => {
    const naming = await readNaming(source(['.glb', '.obj']), async () => undefined);
    expect(naming).toEqual({ folder: '', suffixes: ['.glb', '.obj'] });
  });
});

describe('the results of a job', () => {
  const source: AssetSource = { source: { $case: 'job', value: { jobId: 'first', outcomes: [] } } };
  const partsWith = async (kept: number, counted: bigint): Promise<SourceParts> => {
    const bus = new MemoryBus();
    for (let n = 0; n < kept; n += 1) {
      const asset = { uri: `s3://bucket/${n}.glb` };
      const outcome = Outcome.OUTCOME_SUCCEEDED;
      await publishResult(bus, TaskResult.fromPartial({ jobId: 'first', taskId: `${n}`, asset, outcome }));
    }
    const state = JobState.JOB_STATE_SUCCEEDED;
    const job = Job.fromPartial({ jobId: 'first', state, counts: { succeeded: counted } });
    return { ...partsOf(scanOf([])), bus, readJob: async () => job };
  };

  test('are its assets', async () => {
    expect(await keysFrom(await partsWith(3, 3n), entryOf(source))).toEqual(['0.glb', '1.glb', '2.glb']);
  });

  test('that are not all kept any more fail the job that goes on with them', async () => {
    await expect(keysFrom(await partsWith(2, 3n), entryOf(source))).rejects.toMatchObject({ reason: 'results_gone' });
  });

  test('before the cursor are not missed', async () => {
    expect(await keysFrom(await partsWith(3, 3n), entryOf(source, { cursor: '2' }))).toEqual(['2.glb']);
  });
});
