import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { createDiscoveryService } from '../../services/discovery/handlers.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { listAll, listOne } from '../support/servers/discovery.ts';
import { HttpFront } from '../support/servers/http-front.ts';
import { TestRpc } from '../support/servers/rpc.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { S3Endpoint } from '../support/servers/s3-store.ts';

const KEYS = Array.from({ length: 1_200 }, (_, i) => `${1_000 + i}.glb`);

/** What S3 answers to a continuation token that has expired. */
const EXPIRED = {
  status: 400,
  body: '<?xml version="1.0"?><Error><Code>InvalidArgument</Code><Message>The continuation token provided is incorrect</Message></Error>',
};

let s3: TestS3;
let front: HttpFront;
let store: ObjectStore;
let rpc: TestRpc;
let client: DiscoveryServiceClient;

beforeAll(async () => {
  s3 = await TestS3.create();
  await s3.createBucket('assets');
  await s3.putKeys('assets', KEYS);
  front = await HttpFront.create(s3.url);
  store = new S3Endpoint(front.port).openStore();
  rpc = await TestRpc.create([createDiscoveryService({ store, metrics: createMetrics('test') })]);
  client = rpc.client(DiscoveryServiceClient);
});

afterEach(() => {
  front.stage = () => undefined;
});

afterAll(async () => {
  await rpc?.close();
  store?.close();
  await front?.close();
  await s3?.close();
});

test.each([1_000, 170])("pages of %i go on after the store's tokens expired", async (pageSize) => {
  let refused = 0;
  front.stage = (url) => {
    if (!url.searchParams.has('continuation-token')) return undefined;
    refused++;
    return EXPIRED;
  };
  const pages = await listAll(client, { prefixUri: 's3://assets', pageSize });
  expect(pages.flat()).toEqual(KEYS);
  expect(refused).toBeGreaterThan(0);
});

test('a store that fails on a later page is no reason to give up the token: the same call works again', async () => {
  const { nextPageToken: pageToken } = await listOne(client, { prefixUri: 's3://assets', pageSize: 1_000 });
  front.stage = () => ({ status: 503, body: '<Error><Code>SlowDown</Code></Error>' });
  const call = listOne(client, { prefixUri: 's3://assets', pageToken });
  await expect(call).rejects.toMatchObject({ reason: 'store_unavailable' });
  front.stage = () => undefined;
  const { assets } = await listOne(client, { prefixUri: 's3://assets', pageToken });
  expect(assets).toHaveLength(200);
});
