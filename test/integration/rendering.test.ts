import { readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../gen/cyclorama/job/v1/task.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { brokenGlbs, emptyGlb } from '../support/assets/glb.ts';
import { paneGlb } from '../support/programs/pane.ts';
import { filesBelow } from '../support/stacks/faults-leftovers.ts';
import { RenderingStack, SMALL, sample } from '../support/stacks/rendering.ts';

const FIVE = ['metadata.json', 'render_depth.png', 'render_edge.png', 'render_normal.png', 'render_textured.png'];
const JOB_MS = 100_000;
let stack: RenderingStack;

beforeAll(async () => {
  stack = await RenderingStack.create();
  stack.faults.fill('assets', {
    'm/chair.glb': sample('chair.glb'),
    'm/pane.glb': paneGlb(),
    'm/broken.glb': brokenGlbs().truncated!,
    'm/nothing.glb': emptyGlb(),
    'odd/edge.glb': paneGlb({ faces: 'edge' }),
    'odd/clear.glb': paneGlb({ alpha: 0 }),
  });
  stack.faults.fill('outputs', { keep: Buffer.from('') });
});
afterAll(() => stack?.close());

/** Files of a dataset below one of its folders. */
function files(dataset: string, folder = ''): string[] {
  return filesBelow(join(stack.faults.bucket('outputs'), dataset, folder));
}

function readJson(dataset: string, file: string): Record<string, never> {
  return JSON.parse(readFileSync(join(stack.faults.bucket('outputs'), dataset, file), 'utf8'));
}

function records(dataset: string): TaskRecord[] {
  return files(dataset, '_cyclorama/records').map((name) =>
    TaskRecord.fromJSON(readJson(dataset, `_cyclorama/records/${name}`)),
  );
}

/** An environment of one grey as a Radiance file without compression. */
function evenSky(grey: number): Buffer {
  const [width, height] = [16, 8];
  const head = `#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y ${height} +X ${width}\n`;
  const pixel = Buffer.from([grey, grey, grey, 129]);
  return Buffer.concat([Buffer.from(head), ...Array.from({ length: width * height }, () => pixel)]);
}

test('RenderAsset leaves the files of the exercise and answers with what they show, the second time from the record', async () => {
  const first = await stack.render('s3://assets/m/chair.glb', 's3://outputs/one/');
  expect(files('one', 'm/chair')).toEqual(FIVE);
  expect(first.report).toMatchObject({ file: 'm/chair.glb', width: 96, height: 96, views: 1, samples: 1 });
  expect(first.report!.leastCoverage).toBeGreaterThan(0.05);
  expect(first.outputs.map(({ uri }) => uri)).toEqual([
    expect.stringContaining('/_cyclorama/thumbnails/'),
    ...FIVE.map((name) => `s3://outputs/one/m/chair/${name}`),
  ]);
  const metadata = JSON.parse(first.metadataText);
  expect(metadata).toMatchObject({ source_file: 'chair.glb', render_resolution: [96, 96] });
  expect(metadata.source).toMatchObject({
    uri: 's3://assets/m/chair.glb',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const [record] = records('one');
  expect(record).toMatchObject({
    operation: 'rendering',
    spec: { width: 96, samples: 1 },
    device: first.report!.device,
  });
  const stages = ['wait', 'download', 'import', 'render', 'read', 'derive', 'encode', 'verify', 'upload'];
  expect(Object.keys(record!.result!.stageSeconds)).toEqual(expect.arrayContaining(stages));

  const second = await stack.render('s3://assets/m/chair.glb', 's3://outputs/one/');
  expect({ ...second, jobId: '' }).toEqual({ ...first, jobId: '' });
});

describe('a request', () => {
  const render = (change: Parameters<RenderingStack['render']>[2], output = 's3://outputs/refused/') =>
    stack.render('s3://assets/m/chair.glb', output, change);

  test('that breaks bounds is refused with every field', async () => {
    const spec = RenderSpec.fromPartial({ width: 5, samples: 9999, lighting: { preset: 3 } });
    await expect(render({ spec }, '')).rejects.toMatchObject({
      reason: 'invalid_request',
      detail: {
        violations: [
          { field: 'spec.width' },
          { field: 'spec.samples' },
          { field: 'spec.lighting.hdr_uri' },
          { field: 'output_uri' },
        ],
      },
    });
  });

  test('for a light that does not exist is refused by its field', async () => {
    const spec = RenderSpec.fromPartial({ lighting: { hdrUri: 's3://assets/none.hdr' } });
    await expect(render({ spec })).rejects.toMatchObject({
      detail: {
        violations: [{ field: 'spec.lighting.hdr_uri', description: expect.stringContaining('does not exist') }],
      },
    });
  });

  test('for a light that is no image is refused by its field, before any asset is tried with it', async () => {
    stack.faults.fill('assets', { 'lights/junk.hdr': Buffer.from('no image, though it is called so') });
    const spec = RenderSpec.fromPartial({ lighting: { hdrUri: 's3://assets/lights/junk.hdr' } });
    await expect(render({ spec })).rejects.toMatchObject({
      detail: {
        violations: [{ field: 'spec.lighting.hdr_uri', description: expect.stringContaining('no .hdr or .exr') }],
      },
    });
  });

  test('for a GPU is refused at once where no worker has one', async () => {
    await expect(render({ requireGpu: true })).rejects.toMatchObject({ reason: 'gpu_unavailable' });
    await expect(
      stack.renderAll('s3://assets/m/', 's3://outputs/refused/', { requireGpu: true }),
    ).rejects.toMatchObject({
      reason: 'gpu_unavailable',
    });
    expect(files('refused')).toEqual([]);
  });

  test('for an asset that has nothing to render fails with its reason', async () => {
    await expect(stack.render('s3://assets/m/nothing.glb', 's3://outputs/refused/')).rejects.toMatchObject({
      reason: 'no_geometry',
    });
  });
});

test('a job renders what can be rendered, says why of the rest, and a second one does nothing again', async () => {
  const first = await stack.renderAll('s3://assets/m/', 's3://outputs/all/');
  const ended = await stack.faults.ended(first.jobId, JOB_MS);
  expect(ended).toMatchObject({
    state: JobState.JOB_STATE_SUCCEEDED,
    counts: { total: 4n, succeeded: 2n, failed: 2n },
  });
  const reasons = (await stack.faults.results(first.jobId)).map(({ asset, failure }) => [asset!.uri, failure?.reason]);
  expect(reasons.sort()).toEqual([
    ['s3://assets/m/broken.glb', 'invalid_asset'],
    ['s3://assets/m/chair.glb', undefined],
    ['s3://assets/m/nothing.glb', 'no_geometry'],
    ['s3://assets/m/pane.glb', undefined],
  ]);
  const images = files('all').filter((name) => /^[a-z]/.test(name) && name.includes('/'));
  expect(images).toEqual(['chair', 'pane'].flatMap((asset) => FIVE.map((name) => `${asset}/${name}`)));
  const second = await stack.renderAll('s3://assets/m/', 's3://outputs/all/');
  expect((await stack.faults.ended(second.jobId, JOB_MS)).counts).toMatchObject({ total: 4n, reused: 4n });
  await stack.faults.untilQuiet();
});

test('an object that shows nothing from the front is seen from the side, and a warning says so', async () => {
  const { report, metadataText } = await stack.render('s3://assets/odd/edge.glb', 's3://outputs/edge/');
  expect(report!.warnings).toEqual(expect.arrayContaining([expect.stringContaining('35 degrees to the side')]));
  expect(report!.leastCoverage).toBeGreaterThan(0.02);
  expect(metadataText).toContain('35 degrees to the side');
  expect(files('edge', 'odd/edge')).toEqual(FIVE);
});

test('images of an object that cannot be seen are kept for a person until it can', async () => {
  const run = async (): Promise<TaskRecord> => {
    const job = await stack.renderAll('s3://assets/odd/clear', 's3://outputs/kept/');
    await stack.faults.ended(job.jobId, JOB_MS);
    const [record, ...others] = records('kept');
    expect(others).toEqual([]);
    return record!;
  };
  const failed = await run();
  expect(failed.result).toMatchObject({
    outcome: Outcome.OUTCOME_FAILED,
    failure: { reason: 'blank_render', stage: 'verify' },
  });
  const kept = files('kept', '_cyclorama/kept');
  expect(kept.map((name) => name.split('/').at(-1))).toEqual(FIVE);
  expect(failed.result!.outputs.map(({ uri }) => uri)).toEqual(
    expect.arrayContaining(kept.map((name) => `s3://outputs/kept/_cyclorama/kept/${name}`)),
  );
  expect(files('kept', 'clear')).toEqual([]);

  stack.faults.fill('assets', { 'odd/clear.glb': paneGlb({ alpha: 0.9 }) });
  expect((await run()).result).toMatchObject({ outcome: Outcome.OUTCOME_SUCCEEDED });
  expect(files('kept', '_cyclorama/kept')).toEqual([]);
  expect(files('kept', 'clear')).toEqual(FIVE);
});

test('a light of the caller is read with the asset, and another light of that name is another dataset', async () => {
  const lit = { spec: RenderSpec.fromPartial({ ...SMALL, lighting: { hdrUri: 's3://assets/lights/sky.hdr' } }) };
  const render = (change: Parameters<RenderingStack['render']>[2] = {}) =>
    stack.render('s3://assets/m/chair.glb', 's3://outputs/lit/', { ...lit, ...change });
  stack.faults.fill('assets', { 'lights/sky.hdr': evenSky(120) });
  await render();
  const [record] = records('lit');
  expect(record!.dependencies).toMatchObject([{ uri: 's3://assets/lights/sky.hdr' }]);
  expect(files('lit', 'm/chair')).toEqual(FIVE);
  stack.faults.fill('assets', { 'lights/sky.hdr': evenSky(20) });
  utimesSync(join(stack.faults.bucket('assets'), 'lights/sky.hdr'), 1, 1);
  await expect(render()).rejects.toMatchObject({ reason: 'output_in_use' });
});

test('views on a ring and raw outputs lie in folders of their own, and new content takes their place', async () => {
  const ring = { arrangement: { $case: 'ring' as const, value: { count: 2 } } };
  const spec = RenderSpec.fromPartial({ ...SMALL, views: ring, rawOutputs: [1, 2, 3], modalities: [3] });
  const render = () => stack.render('s3://assets/m/pane.glb', 's3://outputs/ring/', { spec });
  expect((await render()).report).toMatchObject({ views: 2 });
  const view = ['render_depth.exr', 'render_depth.png', 'render_depth_16.png', 'render_normal.exr'];
  const all = ['metadata.json', 'transforms.json', ...[0, 1].flatMap((n) => view.map((name) => `view_00${n}/${name}`))];
  expect(files('ring', 'm/pane')).toEqual(all);
  stack.faults.fill('assets', { 'm/pane.glb': paneGlb({ alpha: 0.95 }) });
  await render();
  expect(files('ring', 'm/pane')).toEqual(all);
  expect(records('ring')).toHaveLength(1);
});
