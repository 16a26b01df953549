import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState, type TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import { boxGlb, brokenGlbs, emptyGlb } from '../assets/glb.ts';
import type { FaultStack } from './faults.ts';
import { filesBelow } from './faults-leftovers.ts';

/** Assets by key, and the keys of those that can be analysed. */
export interface Assets {
  files: Record<string, Buffer>;
  good: ReadonlySet<string>;
}

/** Makes good assets and one broken asset of each kind. `divisions` decides how long each takes. */
export function makeAssets(count: number, divisions = 1): Assets {
  const names = Array.from({ length: count }, (_, i) => `good/${String(i).padStart(3, '0')}.glb`);
  const good = names.map((name, i): [string, Buffer] => [name, boxGlb({ divisions, size: [1 + i, 1, 1] })]);
  const bad = Object.entries(brokenGlbs()).map(([name, bytes]): [string, Buffer] => [`bad/${name}.glb`, bytes]);
  return {
    files: { ...Object.fromEntries(good), ...Object.fromEntries(bad), 'bad/no-mesh.glb': emptyGlb() },
    good: new Set(names),
  };
}

/** Checks the result of a job: each asset has one record, its outputs and one result, and is counted once. */
export async function checkComplete(faults: FaultStack, bucket: string, assets: Assets, job: Job): Promise<void> {
  const keys = Object.keys(assets.files).sort();
  const outcomes = new Map(keys.map((key) => [key, assets.good.has(key) ? 'succeeded' : 'failed']));
  const records = readRecords(faults, bucket);
  expect(byKey(records.map(({ result }) => result!))).toEqual([...outcomes]);
  for (const record of records) checkOutputs(faults, record.result!, assets);

  const results = await faults.results(job.jobId);
  expect(byKey(results)).toEqual([...outcomes]);

  const [total, succeeded] = [keys.length, assets.good.size].map(BigInt) as [bigint, bigint];
  expect(job.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  expect(job.counts).toMatchObject({ total, succeeded, failed: total - succeeded, skipped: 0n, cancelled: 0n });

  await faults.untilQuiet();
  expect(filesBelow(faults.bucket(bucket)).filter((file) => !file.startsWith('_cyclorama/'))).toEqual(
    [...keys, ...keys.map(reportOf)].sort(),
  );
}

/** Reads all records of a bucket from their files. */
export function readRecords(faults: FaultStack, bucket: string): TaskRecord[] {
  const folder = join(faults.bucket(bucket), '_cyclorama/records');
  return filesBelow(folder).map((file) => TaskRecord.fromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

/** Lists asset keys with their outcomes, in key order; a key with two results appears twice. */
function byKey(results: TaskResult[]): [string, string][] {
  const words = results.map(({ asset, outcome }): [string, string] => [
    keyOf(asset!.uri),
    outcome === Outcome.OUTCOME_SUCCEEDED ? 'succeeded' : 'failed',
  ]);
  return words.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Checks that the output matches its record, and the report its outcome. */
function checkOutputs(faults: FaultStack, { asset, outputs, failure }: TaskResult, { good }: Assets): void {
  const key = keyOf(asset!.uri);
  expect(outputs.map(({ uri }) => keyOf(uri))).toEqual([reportOf(key)]);
  const [output] = outputs;
  const bytes = readFileSync(join(faults.stack.dir.buckets, output!.uri.slice('s3://'.length)));
  expect({ key, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }).toEqual({
    key,
    sha256: output!.sha256,
    size: Number(output!.sizeBytes),
  });
  const report = JSON.parse(bytes.toString('utf8'));
  expect(report).toMatchObject(
    good.has(key) ? { file: key, status: 'success' } : { file: key, status: 'error', reason: failure?.reason },
  );
}

function reportOf(key: string): string {
  return key.replace(/\.glb$/, '_report.json');
}

function keyOf(uri: string): string {
  return uri.replace(/^s3:\/\/[^/]+\//, '');
}
