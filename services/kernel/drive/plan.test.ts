import { describe, expect, test } from 'vitest';
import { Asset, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobEntry, type Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { toAssetId, toFingerprint } from '../dataset/fingerprint.ts';
import type { OutcomeWord } from '../dataset/places.ts';
import type { RecordSet } from '../dataset/record-set.ts';
import { type StoredJob, toStoredJob } from '../jobs/stored-job.ts';
import type { Naming } from '../sources/naming.ts';
import { needsRecord, planAsset, withRecordedFailure } from './plan.ts';

const ASSET = Asset.fromPartial({ uri: 's3://inputs/models/a/chair.glb', sizeBytes: 10n, etag: 'e1' });
const SPEC = { style: 'REPORT_STYLE_INSPECTION' };
const NAMING: Naming = { folder: 'models/', suffixes: ['.glb'] };
const FINGERPRINT = toFingerprint(ASSET, { operation: 'analysis', spec: SPEC, recipe: 4 });
const EMPTY: RecordSet = { size: 0, find: () => undefined };

function entryOf(job: object = {}, rest: object = {}): StoredJob {
  const entry = JobEntry.fromPartial({
    job: {
      jobId: 'job-1',
      operation: 'analysis',
      spec: SPEC,
      outputUri: 's3://outputs/run/',
      traceId: 'trace-1',
      jobClass: JobClass.JOB_CLASS_BATCH,
      ...job,
    },
    ...rest,
  });
  return toStoredJob(entry);
}

function recorded(outcome: OutcomeWord): RecordSet {
  return {
    size: 1,
    find: (assetId, fingerprint) =>
      assetId === toAssetId(ASSET.uri) && fingerprint === FINGERPRINT ? outcome : undefined,
  };
}

function taskOf(entry: StoredJob, naming = NAMING, asset = ASSET): Task {
  const step = planAsset(entry, 4, naming, EMPTY, asset);
  if (step.kind !== 'queue') throw new Error('the asset was not queued');
  return step.task;
}

describe('an asset without a record', () => {
  test('is queued with all that a worker needs', () => {
    expect(taskOf(entryOf())).toMatchObject({
      jobId: 'job-1',
      taskId: toAssetId(ASSET.uri),
      operation: 'analysis',
      asset: ASSET,
      assetName: 'a/chair.glb',
      spec: SPEC,
      fingerprint: FINGERPRINT,
      outputUri: 's3://outputs/run/',
      outputsBesideAsset: false,
      keepExtension: false,
      traceId: 'trace-1',
      jobClass: JobClass.JOB_CLASS_BATCH,
    });
  });

  test.each([
    ['models/', 'a/chair.glb'],
    ['', 'models/a/chair.glb'],
    ['elsewhere/', 'models/a/chair.glb'],
    ['models/a/', 'chair.glb'],
  ])('below the folder %j is named %s', (folder, name) => {
    expect(taskOf(entryOf(), { folder, suffixes: [] }).assetName).toBe(name);
  });

  test('keeps its extension in names where the job takes several suffixes', () => {
    expect(taskOf(entryOf(), { folder: '', suffixes: ['.glb', '.obj'] }).keepExtension).toBe(true);
    expect(taskOf(entryOf(), { folder: '', suffixes: ['.glb'] }).keepExtension).toBe(false);
  });

  test('keeps its extension in names where the one suffix takes several endings', () => {
    expect(taskOf(entryOf(), { folder: '', suffixes: ['b'] }).keepExtension).toBe(true);
  });

  test('of a source that names any bucket has a name of its own', () => {
    const uris = ['s3://bbb/chair.glb', 's3://bbb/chair.obj', 's3://ccc/chair.glb'];
    const tasks = uris.map((uri) =>
      taskOf(entryOf(), { folder: '', suffixes: [], byWholeKey: true }, { ...ASSET, uri }),
    );
    expect(tasks.map(({ assetName }) => assetName)).toEqual(['bbb/chair.glb', 'bbb/chair.obj', 'ccc/chair.glb']);
    expect(tasks.every(({ keepExtension }) => keepExtension)).toBe(true);
  });

  test('is queued also where the job writes nothing', () => {
    expect(planAsset(entryOf({ outputUri: '' }), 4, NAMING, undefined, ASSET).kind).toBe('queue');
  });
});

describe('an asset with a record', () => {
  test.each<[OutcomeWord, Outcome]>([
    ['succeeded', Outcome.OUTCOME_SUCCEEDED],
    ['failed', Outcome.OUTCOME_FAILED],
    ['skipped', Outcome.OUTCOME_SKIPPED],
  ])('that %s is reused under its own outcome', (word, outcome) => {
    const step = planAsset(entryOf(), 4, NAMING, recorded(word), ASSET);
    expect(step).toMatchObject({
      kind: 'reuse',
      result: {
        jobId: 'job-1',
        taskId: toAssetId(ASSET.uri),
        asset: ASSET,
        outcome,
        reused: true,
        recordUri: expect.stringContaining(`${toAssetId(ASSET.uri)}-${FINGERPRINT}.${word}.json`),
      },
    });
  });

  test.each<[OutcomeWord, string]>([
    ['failed', 'queue'],
    ['skipped', 'queue'],
    ['succeeded', 'reuse'],
  ])('that %s means %s to a retry', (word, kind) => {
    expect(planAsset(entryOf({}, { retryFailed: true }), 4, NAMING, recorded(word), ASSET).kind).toBe(kind);
  });

  test.each([
    ['content', entryOf(), 4, { ...ASSET, etag: 'e2' }],
    ['settings', entryOf({ spec: {} }), 4, ASSET],
    ['recipe', entryOf(), 5, ASSET],
  ])('of other %s is queued', (_, entry, recipe, asset) => {
    expect(planAsset(entry, recipe, NAMING, recorded('succeeded'), asset).kind).toBe('queue');
  });
});

test('only what did not succeed has to say why, and so needs its record read', () => {
  const needs = (outcome: Outcome): boolean => needsRecord(TaskResult.fromPartial({ outcome }));
  expect(needs(Outcome.OUTCOME_SUCCEEDED)).toBe(false);
  expect(needs(Outcome.OUTCOME_FAILED)).toBe(true);
  expect(needs(Outcome.OUTCOME_SKIPPED)).toBe(true);
});

test('a reused failure takes its reason over, without the log', () => {
  const result = TaskResult.fromPartial({ outcome: Outcome.OUTCOME_FAILED });
  const failure = { reason: 'import_failed', message: 'no', stage: 'import', exitCode: 1, signal: '', logTail: ['x'] };
  expect(withRecordedFailure(result, failure).failure).toEqual({ ...failure, logTail: [] });
  expect(withRecordedFailure(result, undefined)).toBe(result);
});
