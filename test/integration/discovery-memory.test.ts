import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DiscoveryServiceClient, ScanAssetsRequest } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { callStream, createClient } from '../../services/kernel/rpc/client.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { ServiceProcess } from '../support/servers/service-process.ts';

const FOLDERS = 400;
const KEYS = 200_000;

let s3: TestS3;
let discovery: ServiceProcess;
let client: DiscoveryServiceClient;

beforeAll(async () => {
  s3 = await TestS3.create();
  await s3.createBucket('large');
  for (let folder = 0; folder < FOLDERS; folder++) {
    const path = join(s3.folder, 'large', `f${String(folder).padStart(3, '0')}`);
    mkdirSync(path);
    // Hard links to one file a folder: making as many files takes minutes on some disks.
    const first = join(path, '1000.glb');
    writeFileSync(first, '');
    for (let file = 1; file < KEYS / FOLDERS; file++) linkSync(first, join(path, `${1000 + file}.glb`));
  }
  // Small generations, so that memory shows what is kept and not how lazily it is collected.
  const options = '--max-old-space-size=64 --max-semi-space-size=4';
  discovery = await ServiceProcess.create('test/support/servers/discovery-alone.ts', {
    ...s3.environment,
    NODE_OPTIONS: options,
  });
  client = createClient(DiscoveryServiceClient, `127.0.0.1:${discovery.grpcPort}`);
});

afterAll(async () => {
  client?.close();
  await discovery?.close();
  await s3?.close();
});

async function countScan(limit: bigint): Promise<number> {
  const request = ScanAssetsRequest.fromPartial({ prefixUri: 's3://large/', limit });
  let count = 0;
  for await (const { assets } of callStream(client, client.scanAssets, request, { deadlineMs: Date.now() + 60_000 })) {
    count += assets.length;
  }
  return count;
}

test('a scan of 200,000 assets takes no more memory than one of 40,000', async () => {
  expect(await countScan(40_000n)).toBe(40_000);
  const before = discovery.memory.peakMib;
  expect(await countScan(0n)).toBe(KEYS);
  const grown = discovery.memory.peakMib - before;
  expect(grown).toBeLessThan(40);
});
