import { afterAll, beforeAll, expect, test } from 'vitest';
import { boxGlb } from '../support/assets/glb.ts';
import { S3FaultProxy } from '../support/servers/s3-fault-proxy.ts';
import { TcpBreaker } from '../support/servers/tcp-breaker.ts';
import { FaultStack } from '../support/stacks/faults.ts';
import { checkComplete, makeAssets, readRecords } from '../support/stacks/faults-check.ts';

/** Room in scratch for two of the assets below. */
const SCRATCH_BYTES = 60_000;

let faults: FaultStack;
let proxy: S3FaultProxy;
let breaker: TcpBreaker;
beforeAll(async () => {
  faults = await FaultStack.create({}, async (_, ports) => {
    breaker = await TcpBreaker.create(ports.nats!);
    proxy = await S3FaultProxy.create(ports.s3!, {
      'slow-down': 0.2,
      reset: 0.03,
      truncated: 0.03,
      'answer-lost': 0.03,
    });
    return {
      CYCLORAMA_S3_ENDPOINT: proxy.url,
      CYCLORAMA_NATS_URL: `nats://127.0.0.1:${breaker.port}`,
      CYCLORAMA_SCRATCH_BYTES: String(SCRATCH_BYTES),
    };
  });
});
afterAll(async () => {
  await faults.close();
  await proxy.close();
  await breaker.close();
});

test('a store that slows down, breaks off, truncates and loses answers costs time, never a result', async () => {
  const assets = makeAssets(21, 10);
  faults.fill('shaky', assets.files);
  const { jobId } = await faults.analyse('shaky');
  await checkComplete(faults, 'shaky', assets, await faults.ended(jobId, 60_000));
  for (const [fault, times] of Object.entries(proxy.done))
    expect({ fault, times: times > 0 }).toEqual({ fault, times: true });
  // Nothing was done twice on the way.
  expect(readRecords(faults, 'shaky').filter(({ result }) => result!.attempt > 1)).toEqual([]);
});

test('connections to NATS that break again and again lose no result', async () => {
  proxy.shares = {};
  const assets = makeAssets(151, 10);
  faults.fill('broken', assets.files);
  const { jobId } = await faults.analyse('broken');
  for (let done = 10; done < 160; done += 15) {
    await faults.untilRecords('broken', done);
    breaker.break();
  }
  await checkComplete(faults, 'broken', assets, await faults.ended(jobId, 60_000));
});

test('assets wait for room in scratch, and one that never fits is refused', async () => {
  const { files, good } = makeAssets(6, 10);
  const assets = { files: { ...files, 'bad/huge.glb': boxGlb({ divisions: 40 }) }, good };
  faults.fill('crowded', assets.files);
  const { jobId } = await faults.analyse('crowded');
  await checkComplete(faults, 'crowded', assets, await faults.ended(jobId, 60_000));
  const huge = readRecords(faults, 'crowded').find(({ result }) => result!.asset!.uri.endsWith('huge.glb'));
  expect(huge!.result!.failure).toMatchObject({ reason: 'asset_too_large' });
});
