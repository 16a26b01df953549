import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { createDiscoveryService } from '../../services/discovery/handlers.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { listAll, listOne, scanAll } from '../support/servers/discovery.ts';
import { TestRpc } from '../support/servers/rpc.ts';
import { TestS3 } from '../support/servers/s3.ts';

const NUMBERED = Array.from({ length: 2500 }, (_, i) => `many/m${String(i).padStart(4, '0')}.glb`);

/** Keys that a folder can hold and that something on the way might spoil. */
const ODD = [
  'odd/ leading space.glb',
  'odd/a b.glb',
  'odd/a%20b.glb',
  'odd/a&b<c>"d\'.glb',
  'odd/a+b.glb',
  'odd/a..b.glb',
  'odd/a\nb.glb',
  'odd/a\tb.glb',
  'odd/a\\b.glb',
  'odd/a?b#c.glb',
  'odd/trailing.glb ',
  'odd/ä-ß-日本語-😀.glb',
  `odd/${'x'.repeat(240)}.glb`,
];

let s3: TestS3;
let store: ObjectStore;
let rpc: TestRpc;
let client: DiscoveryServiceClient;

beforeAll(async () => {
  s3 = await TestS3.create();
  await s3.createBucket('assets');
  await s3.createBucket('empty');
  await s3.createBucket('forbidden');
  await mkdir(join(s3.folder, 'assets/many'));
  await Promise.all(NUMBERED.map((key) => writeFile(join(s3.folder, 'assets', key), '')));
  await s3.putKeys('assets', [
    ...ODD,
    ...['order/a-b/1.glb', 'order/a.b/1.glb', 'order/a/1.glb', 'order/a0/1.glb', 'order/B/1.glb'],
    ...['mixed/a.glb', 'mixed/b.GLTF', 'mixed/c.Obj', 'mixed/d.txt', 'mixed/e.glb.bak', 'mixed/noextension'],
    ...['mixed/_cyclorama/x.glb', 'mixed/sub/_cyclorama/records/y.glb', 'mixed/marker.glb/'],
  ]);
  store = s3.openStore(['assets', 'empty', 'missing-bucket']);
  rpc = await TestRpc.create([createDiscoveryService({ store, metrics: createMetrics('test') })]);
  client = rpc.client(DiscoveryServiceClient);
});

afterAll(async () => {
  await rpc?.close();
  store?.close();
  await s3?.close();
});

describe('ListAssets', () => {
  test('gives 2,500 assets over exactly three pages, none twice', async () => {
    const pages = await listAll(client, { prefixUri: 's3://assets/many/', pageSize: 1000 });
    expect(pages.map((page) => page.length)).toEqual([1000, 1000, 500]);
    expect(pages.flat()).toEqual(NUMBERED);
  });

  test('gives the same assets whatever the page size', async () => {
    const pages = await listAll(client, { prefixUri: 's3://assets/many/', pageSize: 333 });
    expect(pages.flat()).toEqual(NUMBERED);
    expect(pages.map((page) => page.length)).toEqual([333, 333, 333, 333, 333, 333, 333, 169]);
  });

  test('gives URI, size, ETag and time of an asset', async () => {
    const { assets } = await listOne(client, { prefixUri: 's3://assets/mixed/a' });
    expect(assets).toEqual([
      {
        uri: 's3://assets/mixed/a.glb',
        sizeBytes: 0n,
        etag: 'd41d8cd98f00b204e9800998ecf8427e',
        lastModifyTime: expect.any(Date),
      },
    ]);
    expect(Math.abs(Date.now() - assets[0]!.lastModifyTime!.getTime())).toBeLessThan(300_000);
  });

  test('passes odd keys as they are', async () => {
    const expected = ODD.filter((key) => key.endsWith('.glb')).sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    const pages = await listAll(client, { prefixUri: 's3://assets/odd/', pageSize: 3 });
    expect(pages.flat()).toEqual(expected);
  });

  test('takes .glb alone by default, in any case several suffixes, and never our own folders or folder markers', async () => {
    const keysOf = async (suffixes: string[]) =>
      (await listAll(client, { prefixUri: 's3://assets/mixed/', suffixes })).flat();
    expect(await keysOf([])).toEqual(['mixed/a.glb']);
    expect(await keysOf(['.OBJ', '.gltf'])).toEqual(['mixed/b.GLTF', 'mixed/c.Obj']);
    expect(await keysOf(['extension'])).toEqual(['mixed/noextension']);
  });

  test('keeps the order of bytes across folders', async () => {
    const pages = await listAll(client, { prefixUri: 's3://assets/order/', pageSize: 2 });
    expect(pages.flat()).toEqual([
      'order/B/1.glb',
      'order/a-b/1.glb',
      'order/a.b/1.glb',
      'order/a/1.glb',
      'order/a0/1.glb',
    ]);
  });

  test('takes a prefix that ends inside a name, and an empty one', async () => {
    expect((await listAll(client, { prefixUri: 's3://assets/many/m000' })).flat()).toEqual(NUMBERED.slice(0, 10));
    const all = (await listAll(client, { prefixUri: 's3://assets' })).flat();
    expect(all).toHaveLength(NUMBERED.length + ODD.length - 1 + 5 + 1);
    expect(new Set(all).size).toBe(all.length);
  });

  test('ends at once in an empty bucket and below a prefix that holds nothing', async () => {
    expect(await listAll(client, { prefixUri: 's3://empty/' })).toEqual([[]]);
    expect(await listAll(client, { prefixUri: 's3://assets/nothing/here/' })).toEqual([[]]);
  });
});

describe('ListAssets refuses', () => {
  test.each([
    ['a missing bucket', { prefixUri: 's3://missing-bucket/' }, 'bucket_not_found'],
    ['a bucket that the configuration does not name', { prefixUri: 's3://forbidden/' }, 'bucket_not_allowed'],
    ['a URI of another scheme', { prefixUri: 'https://assets/' }, 'invalid_request'],
    ['a negative page size', { prefixUri: 's3://assets/', pageSize: -1 }, 'invalid_request'],
    ['garbage as a token', { prefixUri: 's3://assets/', pageToken: 'garbage' }, 'invalid_page_token'],
  ])('%s', async (_, request, reason) => {
    await expect(listOne(client, request)).rejects.toMatchObject({ reason });
  });

  test('a token with another prefix or other suffixes, but not with another page size', async () => {
    const { nextPageToken: pageToken } = await listOne(client, { prefixUri: 's3://assets/many/', pageSize: 10 });
    const refusal = { reason: 'invalid_page_token', detail: { violations: [{ field: 'page_token' }] } };
    await expect(listOne(client, { prefixUri: 's3://assets/', pageToken })).rejects.toMatchObject(refusal);
    await expect(
      listOne(client, { prefixUri: 's3://assets/many/', suffixes: ['.obj'], pageToken }),
    ).rejects.toMatchObject(refusal);
    const next = await listOne(client, { prefixUri: 's3://assets/many/', pageSize: 2, pageToken });
    expect(next.assets.map(({ uri }) => uri)).toEqual(['s3://assets/many/m0010.glb', 's3://assets/many/m0011.glb']);
  });

  test('wrong credentials as access_denied', async () => {
    const before = process.env.AWS_SECRET_ACCESS_KEY;
    process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
    const s3Config = {
      endpoint: s3.url,
      forcePathStyle: true,
      checksums: 'when_supported',
      region: 'us-east-1',
    } as const;
    const denied = createObjectStore({ s3: s3Config, allowedBuckets: undefined }, createMetrics('test'));
    try {
      await expect(denied.list('assets', { prefix: '' })).rejects.toMatchObject({ reason: 'access_denied' });
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = before;
      denied.close();
    }
  });
});

describe('ScanAssets', () => {
  test('streams a whole prefix in order, in batches of at most 1,000', async () => {
    const batches = await scanAll(client, { prefixUri: 's3://assets/many/' });
    expect(batches.map((batch) => batch.length)).toEqual([1000, 1000, 500]);
    expect(batches.flat()).toEqual(NUMBERED);
  });

  test('goes on behind start_after and stops at the limit', async () => {
    const request = { prefixUri: 's3://assets/many/', startAfter: 'many/m1499.glb' };
    expect((await scanAll(client, request)).flat()).toEqual(NUMBERED.slice(1500));
    expect((await scanAll(client, { ...request, limit: 7n })).flat()).toEqual(NUMBERED.slice(1500, 1507));
    expect((await scanAll(client, { prefixUri: 's3://assets/many/', limit: 1001n })).flat()).toHaveLength(1001);
  });

  test('takes a start_after that is no key, in the order of bytes', async () => {
    const request = { prefixUri: 's3://assets/order/', startAfter: 'order/a.' };
    expect((await scanAll(client, request)).flat()).toEqual(['order/a.b/1.glb', 'order/a/1.glb', 'order/a0/1.glb']);
  });

  test('of an empty prefix ends without a batch', async () => {
    expect(await scanAll(client, { prefixUri: 's3://empty/' })).toEqual([]);
  });

  test.each([
    ['a missing bucket', { prefixUri: 's3://missing-bucket/' }, 'bucket_not_found'],
    ['a bucket that the configuration does not name', { prefixUri: 's3://forbidden/' }, 'bucket_not_allowed'],
    ['a negative limit', { prefixUri: 's3://assets/', limit: -1n }, 'invalid_request'],
  ])('refuses %s', async (_, request, reason) => {
    await expect(scanAll(client, request)).rejects.toMatchObject({ reason });
  });
});

test('a store that is down is store_unavailable, and listing works again once it is back', async () => {
  await s3.kill();
  await expect(listOne(client, { prefixUri: 's3://assets/mixed/' })).rejects.toMatchObject({
    reason: 'store_unavailable',
  });
  await s3.start();
  expect((await listAll(client, { prefixUri: 's3://assets/mixed/' })).flat()).toEqual(['mixed/a.glb']);
});
