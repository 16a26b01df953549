import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LedgerEntry } from '../../gen/cyclorama/job/v1/task.ts';
import { descendants, sendSignal } from '../../services/kernel/blender/tree.ts';
import { until } from '../support/poll.ts';
import { FaultStack } from '../support/stacks/faults.ts';
import { checkComplete, makeAssets } from '../support/stacks/faults-check.ts';
import { filesBelow, tasksInScratch } from '../support/stacks/faults-leftovers.ts';

let faults: FaultStack;
beforeAll(async () => {
  faults = await FaultStack.create();
});
afterAll(() => faults.close());

/** Kills the Blender of the worker, as the kernel would when memory runs out; the worker lives on. */
async function killBlender(): Promise<void> {
  const family = await descendants(faults.stack.pid('worker')!);
  const blenders = family.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--room\0scene'));
  expect(blenders.length).toBeGreaterThan(0);
  sendSignal(blenders.at(-1)!, 'SIGKILL');
}

test('a job ends complete though Blender, worker, driver, NATS and S3 are killed one after another in mid-job', async () => {
  const assets = makeAssets(91, 40);
  faults.fill('kills', assets.files);
  const { jobId } = await faults.analyse('kills');
  const faultsAt = [
    [10, killBlender],
    ...['worker', 'analysis', 'nats', 's3', 'discovery'].map((part, i) => [
      20 + 12 * i,
      async () => {
        await faults.stack.kill(part, 'SIGKILL');
        await faults.restart(part);
      },
    ]),
  ] as [number, () => Promise<void>][];
  for (const [done, strike] of faultsAt) {
    await faults.untilRecords('kills', done);
    expect(faults.records('kills').length).toBeLessThan(100);
    await strike();
  }
  const job = await faults.ended(jobId, 60_000);
  await checkComplete(faults, 'kills', assets, job);
});

test('a job whose NATS lost everything in mid-job is resumed from its output place and ends complete', async () => {
  const assets = makeAssets(60, 40);
  faults.fill('wiped', assets.files);
  const { jobId } = await faults.analyse('wiped');
  await faults.untilRecords('wiped', 15);
  await faults.stack.kill('nats', 'SIGKILL');
  rmSync(faults.stack.dir.nats, { recursive: true });
  await faults.restart('nats');
  const done = faults.records('wiped').length;
  expect(done).toBeLessThan(60);
  const resumed = await faults.resume('s3://wiped/');
  expect(resumed.map((job) => job.jobId)).toEqual([jobId]);
  const job = await faults.ended(jobId, 60_000);
  await checkComplete(faults, 'wiped', assets, job);
  expect(Number(job.counts?.reused)).toBeLessThanOrEqual(69);
});

test('a worker that is told to end while NATS is down ends in time and leaves no file', async () => {
  const assets = makeAssets(40, 40);
  faults.fill('parted', assets.files);
  const { jobId } = await faults.analyse('parted');
  await faults.untilRecords('parted', 12);
  await faults.stack.kill('nats', 'SIGKILL');
  const since = performance.now();
  await faults.stack.stopPart('worker');
  expect(performance.now() - since).toBeLessThan(20_000);
  expect(filesBelow(faults.stack.dir.scratch)).toEqual([]);
  await faults.restart('nats');
  await faults.restart('worker');
  await checkComplete(faults, 'parted', assets, await faults.ended(jobId, 60_000));
});

test('a worker that is told to end while S3 hangs ends in time, leaves no file, and charges nobody', async () => {
  const assets = makeAssets(40, 40);
  faults.fill('hanging', assets.files);
  const { jobId } = await faults.analyse('hanging');
  await faults.untilRecords('hanging', 12);
  await faults.stack.kill('s3', 'SIGSTOP');
  // What Blender has in hand now is what the worker will try to commit.
  await until('Blender is idle', () =>
    tasksInScratch(faults.stack.dir.scratch).every((file) => !file.includes('/slot-')),
  );
  const since = performance.now();
  await faults.stack.stopPart('worker');
  expect(performance.now() - since).toBeLessThan(19_000);
  expect(filesBelow(faults.stack.dir.scratch)).toEqual([]);
  const ledger = (await faults.bus.bucket('ledger').all()).filter(({ key }) => key.startsWith(jobId));
  expect(ledger.map(({ value }) => LedgerEntry.fromJSON(JSON.parse(value))).filter(({ running }) => running)).toEqual(
    [],
  );
  await faults.stack.kill('s3', 'SIGCONT');
  await faults.restart('worker');
  await checkComplete(faults, 'hanging', assets, await faults.ended(jobId, 60_000));
});
