import { afterAll, beforeAll, expect, test } from 'vitest';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { createDiscoveryService } from '../../services/discovery/handlers.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { listAll, listOne, scanAll } from '../support/servers/discovery.ts';
import { TestMoto } from '../support/servers/moto.ts';
import { TestRpc } from '../support/servers/rpc.ts';

/**
 * Keys that S3 allows and that a server over a folder cannot hold, or that XML, URLs and tokens might spoil.
 * moto takes no line feed; versitygw and SeaweedFS do.
 */
const KEYS = [
  '../up.glb',
  './here.glb',
  '//double.glb',
  '/leading.glb',
  'a//b.glb',
  'a/../b.glb',
  'a b+c%2Fd.glb',
  'amp&lt;"\'.glb',
  'carriage\rreturn.glb',
  'control\u0001.glb',
  'tab\t.glb',
  ' space at both ends .glb',
  'x.glb',
  'x.glb/y.glb',
  'ünï-日本-😀-\uFFFD.glb',
  `${'long/'.repeat(204)}.glb`,
];

let moto: TestMoto;
let store: ObjectStore;
let rpc: TestRpc;
let client: DiscoveryServiceClient;

beforeAll(async () => {
  moto = await TestMoto.create();
  await moto.createBucket('odd');
  await moto.putKeys('odd', KEYS);
  store = moto.openStore();
  rpc = await TestRpc.create([createDiscoveryService({ store, metrics: createMetrics('test') })]);
  client = rpc.client(DiscoveryServiceClient);
});

afterAll(async () => {
  await rpc?.close();
  store?.close();
  await moto?.close();
});

const sorted = [...KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

test('every key that S3 allows is listed as it is, page by page', async () => {
  const pages = await listAll(client, { prefixUri: 's3://odd', pageSize: 1 });
  expect(pages.flat().sort()).toEqual([...KEYS].sort());
});

test('every key can be the one after which a scan goes on', async () => {
  for (const [index, startAfter] of sorted.entries()) {
    const batches = await scanAll(client, { prefixUri: 's3://odd/', startAfter });
    expect(batches.flat(), `after ${JSON.stringify(startAfter)}`).toEqual(sorted.slice(index + 1));
  }
});

test('every key can be a prefix', async () => {
  for (const key of KEYS) {
    const { assets } = await listOne(client, { prefixUri: `s3://odd/${key}` });
    expect(assets.map(({ uri }) => uri)).toContain(`s3://odd/${key}`);
  }
});
