import { afterAll, beforeAll, expect, test } from 'vitest';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { createDiscoveryService } from '../../services/discovery/handlers.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { listAll, scanAll } from '../support/servers/discovery.ts';
import { TestRpc } from '../support/servers/rpc.ts';
import { TestSeaweed } from '../support/servers/seaweed.ts';

const FOLDERS = ['a', 'a-b', 'a.b', 'a0'];
const KEYS = FOLDERS.flatMap((folder) => Array.from({ length: 600 }, (_, i) => `${folder}/${1000 + i}.glb`));

let weed: TestSeaweed;
let store: ObjectStore;
let rpc: TestRpc;
let client: DiscoveryServiceClient;

beforeAll(async () => {
  weed = await TestSeaweed.create();
  await weed.createBucket('walked');
  await weed.putKeys('walked', KEYS);
  store = weed.openStore();
  rpc = await TestRpc.create([createDiscoveryService({ store, metrics: createMetrics('test') })]);
  client = rpc.client(DiscoveryServiceClient);
});

afterAll(async () => {
  await rpc?.close();
  store?.close();
  await weed?.close();
});

test('the store lists folder by folder, so these tests are about something', async () => {
  const { objects } = await store.list('walked', { prefix: '' });
  const keys = objects.map(({ key }) => key);
  expect(keys).not.toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});

test.each([1000, 350])('pages of %i give every asset once', async (pageSize) => {
  const keys = (await listAll(client, { prefixUri: 's3://walked', pageSize })).flat();
  expect(keys).toHaveLength(KEYS.length);
  expect(new Set(keys)).toEqual(new Set(KEYS));
});

test('a scan gives every asset once', async () => {
  const keys = (await scanAll(client, { prefixUri: 's3://walked/' })).flat();
  expect(keys).toHaveLength(KEYS.length);
  expect(new Set(keys)).toEqual(new Set(KEYS));
});
