import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { S3Recorder } from '../../../test/support/servers/s3-recorder.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Config } from '../process/config.ts';
import { createMetrics } from '../process/metrics.ts';
import { createObjectStore } from './object-store.ts';
import type { ObjectStore } from './types.ts';

const folder = temporaryFolder();
const always = { condition: 'always', contentType: 'text/plain' } as const;
const stores: ObjectStore[] = [];
let recorder: S3Recorder;

beforeEach(async () => {
  recorder = await S3Recorder.create();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-the-environment');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const store of stores.splice(0)) store.close();
  await recorder.close();
});

function open(s3: Partial<Config['s3']> = {}): ObjectStore {
  const plain = {
    endpoint: recorder.url,
    forcePathStyle: true,
    checksums: 'when_required',
    region: 'us-east-1',
  } as const;
  const store = createObjectStore({ s3: { ...plain, ...s3 }, allowedBuckets: undefined }, createMetrics('test'));
  stores.push(store);
  return store;
}

/** One request of every kind. */
async function callAll(store: ObjectStore): Promise<void> {
  const place = { bucket: 'bucket', key: 'a.glb' };
  await store.list('bucket', { prefix: '' });
  await store.head(place);
  await store.read(place, 100);
  await store.download(place, join(folder(), 'a.glb'), { maxBytes: 100 });
  await store.write(place, 'body', always);
  await store.remove(place);
}

const sent = (header: string): unknown[] => recorder.requests.map(({ headers }) => headers[header]);

describe('a bucket of another region', () => {
  test.each(['redirect', 'malformed'] as const)('is found by a %s, and asked there from then on', async (refusal) => {
    Object.assign(recorder.regions, { bucket: 'us-west-2' });
    recorder.refusal = refusal;
    const store = open();
    await callAll(store);
    expect(recorder.requests.map(({ region }) => region)).toEqual(['us-east-1', ...Array(6).fill('us-west-2')]);
  });

  test('is found by a request without a body to say so', async () => {
    Object.assign(recorder.regions, { bucket: 'eu-west-1' });
    recorder.refusal = 'malformed';
    expect(await open().head({ bucket: 'bucket', key: 'a' })).toMatchObject({ etag: 'read' });
  });

  test('does not disturb requests to other regions that are under way', async () => {
    Object.assign(recorder.regions, { west: 'us-west-2', south: 'sa-east-1' });
    const store = open();
    const buckets = Array.from({ length: 60 }, (_, n) => ['home', 'west', 'south'][n % 3]!);
    await Promise.all(buckets.map((bucket, n) => store.head({ bucket, key: String(n) })));
    await Promise.all(buckets.map((bucket, n) => store.head({ bucket, key: `again ${n}` })));
    const again = recorder.requests.filter(({ key }) => key.startsWith('again'));
    expect(again).toHaveLength(60);
    for (const { bucket, region } of again) expect(region).toBe(recorder.regions[bucket] ?? 'us-east-1');
  });

  test('takes a file whole, though the first region has refused it', async () => {
    Object.assign(recorder.regions, { bucket: 'us-west-2' });
    const path = join(folder(), 'file');
    await writeFile(path, 'x'.repeat(200_000));
    await open().write({ bucket: 'bucket', key: 'file' }, { path }, always);
    expect(recorder.requests.at(-1)).toMatchObject({ region: 'us-west-2', body: 'x'.repeat(200_000) });
  });

  test('that refuses its own region, too, is an error and no circle', async () => {
    Object.assign(recorder.regions, { bucket: 'us-west-2' });
    recorder.claimedRegions = { bucket: 'eu-north-1' };
    await expect(open().head({ bucket: 'bucket', key: 'a' })).rejects.toMatchObject({ reason: 'store_unavailable' });
    expect(recorder.requests).toHaveLength(2);
  });
});

test('requests carry the session token of temporary credentials', async () => {
  vi.stubEnv('AWS_SESSION_TOKEN', 'temporary');
  await callAll(open());
  expect(sent('x-amz-security-token')).toEqual(Array(6).fill('temporary'));
});

test('every request names the requester as payer where the configuration says so', async () => {
  await callAll(open({ requesterPays: true }));
  expect(sent('x-amz-request-payer')).toEqual(Array(6).fill('requester'));
});

test('writes, and nothing else, ask for the configured encryption', async () => {
  const key = 'arn:aws:kms:us-east-1:111122223333:key/one';
  await callAll(open({ encryption: { algorithm: 'aws:kms', kmsKeyId: key } }));
  expect(sent('x-amz-server-side-encryption').filter(Boolean)).toEqual(['aws:kms']);
  const put = recorder.requests.find(({ method }) => method === 'PUT')!;
  expect(put.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe(key);
});

test('nothing is said of encryption and payer by default', async () => {
  await callAll(open());
  const names = recorder.requests.flatMap(({ headers }) => Object.keys(headers));
  expect(names.filter((name) => /encryption|payer|security-token/.test(name))).toEqual([]);
  expect(recorder.requests[0]).toMatchObject({ accessKeyId: 'from-the-environment', region: 'us-east-1' });
});

test('what we write carries the hash of its content, since an ETag may not be one', async () => {
  await open().write({ bucket: 'bucket', key: 'a' }, 'body', always);
  const sha256 = createHash('sha256').update('body').digest('hex');
  expect(recorder.requests[0]!.headers['x-amz-meta-sha256']).toBe(sha256);
});
