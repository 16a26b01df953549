import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import { JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import { jobIn, noteOperation, TaskRuns, taskOf } from '../../../test/support/memory/task-runs.ts';
import { toDatasetPlaces } from '../dataset/places.ts';
import { CycloramaError } from '../failure.ts';
import type { Operation } from './operation.ts';

const places = toDatasetPlaces('s3://outputs/run/');
const KEPT = places.kept(taskOf().taskId);

/** A note that is drawn in two steps. */
const drawn: Operation = {
  ...noteOperation,
  outputPlaces: (task) => [...noteOperation.outputPlaces(task), KEPT],
  imagingOp: () => ({ $case: 'derive', value: { spec: undefined, rendering: undefined, source: undefined } }),
  toProduct: async (task, answers, facts) => ({
    ...(await noteOperation.toProduct(task, answers, facts)),
    report: { files: await readdir(facts.outputDir), seconds: { ...facts.stageSeconds } },
    device: 'CUDA: H100',
    frames: 3,
  }),
};

/** Does nothing but leave a file in a folder of the fake processes. */
async function leave(runs: TaskRuns, folder: string, name: string): Promise<BlenderResult> {
  await writeFile(join(runs.folder(folder), name), '');
  return BlenderResult.fromPartial({ stageSeconds: { [folder]: 0.25 }, warnings: [`${folder} warns`] });
}

async function runsOf(operation: Operation): Promise<TaskRuns> {
  const runs = await TaskRuns.create();
  runs.operation = operation;
  return runs;
}

function recordsIn(runs: TaskRuns): TaskRecord[] {
  return [...runs.store.objects]
    .filter(([name]) => name.includes('/records/'))
    .map(([, { body }]) => TaskRecord.fromJSON(JSON.parse(body.toString('utf8'))));
}

describe('a full scratch disk', () => {
  const cutOff = new CycloramaError('invalid_render', 'the image is cut off');
  const judged = (outcome: 'failed' | 'skipped'): Operation => ({
    ...noteOperation,
    toProduct: async (...args) => ({
      ...(await noteOperation.toProduct(...args)),
      verdict: { outcome, error: cutOff },
    }),
  });

  test.each<[string, Operation, boolean]>([
    ['a process reports', noteOperation, true],
    ['a check of what it wrote finds', judged('failed'), false],
    ['an operation declines', judged('skipped'), false],
  ])('is to blame for what %s, not the asset', async (_, operation, throws) => {
    const runs = await runsOf(operation);
    runs.diskIsFull = true;
    if (throws) runs.behave = () => Promise.reject(cutOff);
    expect(await runs.run()).toEqual({ acked: false, handedBackMs: 1_000 });
    expect(recordsIn(runs)).toEqual([]);
    expect(runs.published).toEqual([]);

    runs.diskIsFull = false;
    expect(await runs.run({}, 2)).toEqual({ acked: true, handedBackMs: undefined });
    expect(runs.published).toMatchObject([{ failure: { reason: 'invalid_render' } }]);
  });
});

describe('the step after Blender', () => {
  test('has what Blender wrote as its input, and its files are the outputs', async () => {
    const runs = await runsOf(drawn);
    const seen: string[] = [];
    runs.behave = () => leave(runs, 'slot-out', 'view_000.exr');
    runs.behaveImaging = async ({ inputPath }) => {
      seen.push(...(await readdir(inputPath!)));
      return leave(runs, 'imaging-out', 'render_depth.png');
    };
    expect(await runs.run()).toMatchObject({ acked: true });
    expect(seen).toEqual(['view_000.exr']);
    const [record] = recordsIn(runs);
    expect(record).toMatchObject({ device: 'CUDA: H100', report: { files: ['render_depth.png'] } });
    expect(record!.result!.stageSeconds).toMatchObject({ 'slot-out': 0.25, 'imaging-out': 0.25 });
    expect(record!.result!.warnings).toEqual(['slot-out warns', 'imaging-out warns']);
    expect(await runs.metrics.framesRendered.get()).toMatchObject({
      values: [{ value: 3, labels: { queue: 'note', device: 'CUDA: H100' } }],
    });
  });

  test('that crashes is charged to the asset as a crash of Blender is', async () => {
    const runs = await runsOf(drawn);
    runs.behaveImaging = async () => {
      throw new CycloramaError('blender_crash', 'ended by SIGKILL', { stage: 'derive' });
    };
    for (let attempt = 1; attempt <= 3; attempt++) expect(await runs.run()).toMatchObject({ acked: false });
    expect(await runs.run()).toMatchObject({ acked: true });
    expect(runs.published).toMatchObject([{ outcome: Outcome.OUTCOME_FAILED, failure: { reason: 'blender_crash' } }]);
  });
});

describe('a second try', () => {
  const careful: Operation = {
    ...noteOperation,
    blenderOp: ({ spec }) => ({ $case: 'inspect', value: { ...spec } }),
    secondTry: (task, { blender }) =>
      blender.rssBytes === 1n
        ? { task: { ...task, spec: { again: true } }, warning: 'seen from elsewhere' }
        : undefined,
  };

  test('is made once, with another spec, and told as a warning', async () => {
    const runs = await runsOf(careful);
    const specs: unknown[] = [];
    runs.behave = async ({ op }) => {
      specs.push(op.value);
      return BlenderResult.fromPartial({ rssBytes: 1n });
    };
    expect(await runs.run()).toMatchObject({ acked: true });
    expect(specs).toEqual([{}, { again: true }]);
    expect(recordsIn(runs)[0]).toMatchObject({ spec: {}, result: { warnings: ['seen from elsewhere'] } });
  });

  test('is not made where the first one is good', async () => {
    const runs = await runsOf(careful);
    expect(await runs.run()).toMatchObject({ acked: true });
    expect(recordsIn(runs)[0]!.result!.warnings).toEqual([]);
    expect(runs.fresh).toHaveLength(1);
  });
});

test('an operation may decline an asset: its record is skipped, with the reason and the outputs', async () => {
  const moving = new CycloramaError('no_geometry', 'Subject is animated', { stage: 'verify' });
  const runs = await runsOf({
    ...noteOperation,
    toProduct: async (...args) => ({
      ...(await noteOperation.toProduct(...args)),
      verdict: { outcome: 'skipped', error: moving },
    }),
  });
  expect(await runs.run()).toMatchObject({ acked: true });
  expect([...runs.store.objects.keys()].filter((name) => name.endsWith('.skipped.json'))).toHaveLength(1);
  const result = { outcome: Outcome.OUTCOME_SKIPPED, failure: { message: 'Subject is animated' } };
  expect(runs.published).toMatchObject([{ ...result, outputs: [{ sizeBytes: 4n }] }]);
});

describe('files of a failed asset', () => {
  const blank = (isBlank: boolean): Operation => ({
    ...drawn,
    toProduct: async (task, answers, facts) => {
      const product = await noteOperation.toProduct(task, answers, facts);
      if (!isBlank) return product;
      const place = { ...KEPT, key: `${KEPT.key}${task.fingerprint}/render.png` };
      const error = new CycloramaError('blank_render', 'nothing to see', { stage: 'verify' });
      const files = [{ place, content: 'blank', contentType: 'image/png' }];
      return { ...product, verdict: { outcome: 'failed', error }, files };
    },
  });
  const keptIn = (runs: TaskRuns): string[] => [...runs.store.objects.keys()].filter((name) => name.includes('/kept/'));

  test('are kept and listed by its record', async () => {
    const runs = await runsOf(blank(true));
    expect(await runs.run()).toMatchObject({ acked: true });
    expect(keptIn(runs)).toEqual([`outputs/${KEPT.key}${'f'.repeat(32)}/render.png`]);
    expect(recordsIn(runs)).toMatchObject([
      {
        result: { outcome: Outcome.OUTCOME_FAILED, failure: { reason: 'blank_render' }, outputs: [{ sizeBytes: 5n }] },
      },
    ]);
  });

  test('go when the asset succeeds, with the record that listed them', async () => {
    const runs = await runsOf(blank(true));
    await runs.run();
    runs.operation = blank(false);
    runs.jobs.set('job-2', jobIn(JobState.JOB_STATE_RUNNING));
    expect(await runs.run({ jobId: 'job-2' })).toMatchObject({ acked: true });
    expect(keptIn(runs)).toEqual([]);
    expect(recordsIn(runs)).toMatchObject([{ result: { outcome: Outcome.OUTCOME_SUCCEEDED } }]);
  });

  test('of an attempt that never got to its record are written over, and go with the next record', async () => {
    const runs = await runsOf(blank(true));
    const orphans = ['render.png', 'other.png'].map((name) => `outputs/${KEPT.key}${'f'.repeat(32)}/${name}`);
    for (const name of orphans) runs.store.objects.set(name, { body: Buffer.from('old'), etag: 'e9' });
    expect(await runs.run()).toMatchObject({ acked: true });
    expect(keptIn(runs)).toEqual([orphans[0]]);
  });
});
