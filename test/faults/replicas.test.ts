import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { LedgerEntry } from '../../gen/cyclorama/job/v1/task.ts';
import { descendants } from '../../services/kernel/blender/tree.ts';
import { toAssetId } from '../../services/kernel/dataset/fingerprint.ts';
import type { CycloramaError } from '../../services/kernel/failure.ts';
import { boxGlb } from '../support/assets/glb.ts';
import { isRunning } from '../support/blender/blender.ts';
import { until } from '../support/poll.ts';
import { FaultStack } from '../support/stacks/faults.ts';
import { type Assets, checkComplete, makeAssets, readRecords } from '../support/stacks/faults-check.ts';
import { StagedBlender, stagedGlb } from '../support/stacks/faults-staged.ts';

let faults: FaultStack;
let blender: StagedBlender;
beforeAll(async () => {
  faults = await FaultStack.create({ analysis: 2, worker: 2 }, (data) => {
    blender = new StagedBlender(join(data, 'staged'));
    return blender.environment;
  });
});
afterAll(() => faults.close());

/** Assets that are all good. */
function goodAssets(files: Record<string, Buffer>): Assets {
  return { files, good: new Set(Object.keys(files)) };
}

/** Puts one staged asset into a bucket and starts its analysis. */
async function analyseOne(bucket: string, asset: Buffer): Promise<{ assets: Assets; jobId: string }> {
  const assets = goodAssets({ 'staged.glb': asset });
  faults.fill(bucket, assets.files);
  const { jobId } = await faults.analyse(bucket);
  return { assets, jobId };
}

test('a replica takes over the job of a driver that was killed', async () => {
  const assets = makeAssets(50, 40);
  faults.fill('takeover', assets.files);
  const { jobId } = await faults.analyse('takeover');
  await faults.untilRecords('takeover', 5);
  const { driverId } = await faults.entry(jobId);
  const [killed, other] = driverId.includes(`-${faults.stack.pid('analysis')}-`)
    ? ['analysis', 'analysis-2']
    : ['analysis-2', 'analysis'];
  expect(driverId).toContain(`-${faults.stack.pid(killed!)}-`);
  await faults.stack.kill(killed!, 'SIGKILL');
  await until(
    'the other replica has ended the job',
    async () => (await faults.entry(jobId)).job?.state === JobState.JOB_STATE_SUCCEEDED,
    30_000,
  );
  expect((await faults.entry(jobId)).driverId).toContain(`-${faults.stack.pid(other!)}-`);
  await faults.restart(killed!);
  await checkComplete(faults, 'takeover', assets, await faults.ended(jobId, 10_000));
});

test('twenty equal requests at once, to both replicas, make one job', async () => {
  const assets = makeAssets(3);
  faults.fill('racing', assets.files);
  const jobs = await Promise.all(Array.from({ length: 20 }, (_, i) => faults.analyse('racing', 'same', i % 2)));
  expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(1);
  await checkComplete(faults, 'racing', assets, await faults.ended(jobs[0]!.jobId, 30_000));
});

test('a worker that is told to end hands its task back uncharged, and another does it', async () => {
  const asset = stagedGlb('hold-3', 'drained');
  const { assets, jobId } = await analyseOne('drain', asset);
  const worker = await faults.workerHolding(asset);
  const since = performance.now();
  await faults.stack.stopPart(worker);
  expect(performance.now() - since).toBeLessThan(20_000);
  await until('another worker has opened it', () => blender.timesOpened('drained') === 2, 30_000);
  const ledger = await faults.bus.bucket('ledger').get(`${jobId}.${toAssetId('s3://drain/staged.glb')}`);
  expect(LedgerEntry.fromJSON(JSON.parse(ledger!.value))).toMatchObject({ attempt: 2, running: true, lostCharges: 0 });
  await faults.restart(worker);
  await checkComplete(faults, 'drain', assets, await faults.ended(jobId, 30_000));
});

test('a worker that stood still past ack_wait loses to the one that took its task over', async () => {
  const asset = stagedGlb('stall-2', 'zombie');
  const { assets, jobId } = await analyseOne('zombie', asset);
  const zombie = await faults.workerHolding(asset);
  const pid = faults.stack.pid(zombie)!;
  process.kill(pid, 'SIGSTOP');
  await faults.untilRecords('zombie', 1, 20_000);
  const [record] = readRecords(faults, 'zombie');
  expect(record!.result).toMatchObject({ attempt: 2 });
  process.kill(pid, 'SIGCONT');
  await checkComplete(faults, 'zombie', assets, await faults.ended(jobId, 30_000));
  await until('the zombie has found the record', () => zombieLines(zombie, jobId).length > 0);
  expect(readRecords(faults, 'zombie')).toEqual([record]);
});

/** What a worker said of the end of a job's tasks. */
function zombieLines(worker: string, jobId: string): unknown[] {
  return faults
    .logLines()
    .filter((line) => line.part === worker && line.job === jobId && line.msg === 'task committed');
}

test('tasks committed by workers that died before their ack are not done again', async () => {
  const names = ['one', 'two'];
  const assets = goodAssets(Object.fromEntries(names.map((name) => [`${name}.glb`, stagedGlb('hold-1', name)])));
  const timesOpened = (): number[] => names.map((name) => blender.timesOpened(name));
  faults.fill('unacked', assets.files);
  const { jobId } = await faults.analyse('unacked');
  await until('both workers are at work', () => timesOpened().every((times) => times === 1), 30_000);
  await faults.stack.kill('nats', 'SIGSTOP');
  await faults.untilRecords('unacked', 2);
  const records = readRecords(faults, 'unacked');
  await Promise.all(['worker', 'worker-2'].map((name) => faults.stack.kill(name, 'SIGKILL')));
  await faults.stack.kill('nats', 'SIGCONT');
  await faults.restart('worker', 'worker-2');
  await checkComplete(faults, 'unacked', assets, await faults.ended(jobId, 30_000));
  expect(readRecords(faults, 'unacked')).toEqual(records);
  expect(timesOpened()).toEqual([1, 1]);
});

test('a call is answered though the worker at work on it is killed', async () => {
  const asset = stagedGlb('stall-3', 'call');
  faults.fill('calls', { 'call.glb': asset });
  const call = faults.analyseNow('s3://calls/call.glb', 'call');
  const worker = await faults.workerHolding(asset);
  await faults.stack.kill(worker, 'SIGKILL');
  expect((await call).report).toMatchObject({ faces: 12n });
  await faults.restart(worker);
});

test('a call that is repeated after its server was killed gets the answer to the first one', async () => {
  const asset = stagedGlb('stall-3', 'again');
  faults.fill('calls', { 'again.glb': asset });
  const broken = faults.analyseNow('s3://calls/again.glb', 'again', 0).catch((error: CycloramaError) => error.reason);
  await faults.workerHolding(asset);
  await faults.stack.kill('analysis', 'SIGKILL');
  expect(await broken).toBe('service_unavailable');
  expect((await faults.analyseNow('s3://calls/again.glb', 'again', 1)).report).toMatchObject({ faces: 12n });
  expect(blender.timesOpened('again')).toBe(1);
  await faults.restart('analysis');
  await faults.untilQuiet();
});

test('an asset that crashes Blender each time is given up after three attempts, and the others succeed', async () => {
  const { files, good } = makeAssets(10);
  const assets = { files: { ...files, 'bad/poison.glb': stagedGlb('crash', 'poison') }, good };
  faults.fill('poison', assets.files);
  const { jobId } = await faults.analyse('poison');
  await checkComplete(faults, 'poison', assets, await faults.ended(jobId, 60_000));
  const poison = readRecords(faults, 'poison').find(({ result }) => result!.asset!.uri.endsWith('poison.glb'));
  expect(poison!.result!.failure).toMatchObject({ reason: 'blender_crash', signal: 'SIGSEGV' });
  expect(poison!.result!.failure!.message).toContain('after 3 attempts');
  expect(blender.timesOpened('poison')).toBe(3);
});

test('cancelling a running job takes effect at once and ends its work in Blender within ten seconds', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `held-${i}`);
  // First in key order, so that tasks stand behind them in the queue.
  const files = Object.fromEntries(names.map((name) => [`a/${name}.glb`, stagedGlb('hold-60', name)]));
  faults.fill('cancel', { ...files, ...makeAssets(100).files });
  const { jobId } = await faults.analyse('cancel');
  await until(
    'both workers hold an asset',
    () => names.filter((name) => blender.timesOpened(name) > 0).length === 2,
    30_000,
  );
  const workers = ['worker', 'worker-2'].map((name) => faults.stack.pid(name)!);
  // The process that makes images of renders has no part in an analysis, and stays.
  const isImaging = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--room\0imaging');
  const before = (await Promise.all(workers.map(descendants))).flat().filter((pid) => !isImaging(pid));
  const { job } = await faults.jobs.cancel(jobId, AbortSignal.timeout(5_000));
  expect(job!.state).toBe(JobState.JOB_STATE_CANCELLED);
  await until('Blender and its children are gone', () => before.every((pid) => !isRunning(pid)));
  await faults.untilQuiet();
  const next = makeAssets(2);
  faults.fill('after', next.files);
  const after = await faults.analyse('after');
  await checkComplete(faults, 'after', next, await faults.ended(after.jobId, 30_000));
});

test('messages that nobody can read are dropped, and neither workers nor drivers end', async () => {
  const parts = ['analysis', 'analysis-2', 'worker', 'worker-2'];
  const pids = parts.map((name) => faults.stack.pid(name));
  const task = { jobId: 'a', taskId: '../b', operation: 'analysis', fingerprint: 'c', asset: { uri: 's3://x/y' } };
  const payloads = ['', 'no JSON', 'null', '[]', '{}', JSON.stringify(task), JSON.stringify({ ...task, asset: {} })];
  for (const [i, payload] of payloads.entries()) {
    await faults.bus.publish('tasks.analysis.batch.odd', payload);
    await faults.bus.publish(`jobs.analysis.odd-${i}`, payload.replace('"jobId":"a"', '"jobId":"a b"'));
  }
  await faults.untilQuiet();
  const dropped = faults.logLines().filter(({ msg }) => msg === 'message dropped: it cannot be parsed');
  expect(dropped).toHaveLength(2 * payloads.length);
  const assets = goodAssets({ 'a.glb': boxGlb() });
  faults.fill('readable', assets.files);
  await checkComplete(faults, 'readable', assets, await faults.ended((await faults.analyse('readable')).jobId, 30_000));
  expect(parts.map((name) => faults.stack.pid(name))).toEqual(pids);
});
