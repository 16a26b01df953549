import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Asset } from '../../gen/cyclorama/asset/v1/asset.ts';
import { FileHeader } from '../../gen/cyclorama/asset/v1/stats.ts';
import { BlenderResult, type Derivation } from '../../gen/cyclorama/blender/v1/blender.ts';
import { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { toS3Uri } from '../kernel/uri.ts';
import type { Answers, AssetFacts } from '../kernel/work/operation.ts';
import { renderingOperation } from './tasks.ts';

const ID = 'abcdef0123456789abcdef0123456789';
const OWN = `s3://outputs/run/_cyclorama`;

function taskOf(spec: object = {}, change: Partial<Task> = {}): Task {
  const asset = Asset.fromPartial({ uri: 's3://assets/models/a/chair.glb', sizeBytes: 42n, etag: 'e1' });
  const names = { assetName: 'a/chair.glb', outputUri: 's3://outputs/run/', taskId: ID, fingerprint: 'f'.repeat(32) };
  return { ...Task.fromPartial({}), asset, ...names, spec: { ...spec }, ...change };
}

/** A folder with these files, as the imaging process leaves it. */
function folderWith(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'cyclorama-tasks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'out'));
  for (const name of names) writeFileSync(join(folder, 'out', name), name);
  return join(folder, 'out');
}

function factsOf(outputDir = '/out'): AssetFacts {
  const header = FileHeader.create();
  const rest = { header, outputDir, sha256: 'cafe', version: '1.2.3', stageSeconds: { download: 1 } };
  return { downloadedBytes: 42, warnings: ['decoded: draco', 'no light'], ...rest };
}

const rendered = BlenderResult.fromPartial({
  result: { $case: 'rendering', value: { views: [{ name: 'view_000' }], device: 'CPU', warnings: ['no light'] } },
});

function answers(files: Derivation['files'], shortfalls: Derivation['shortfalls'] = []): Answers {
  const value = { files, shortfalls, checks: [{ name: 'view_000', coverage: 0.25 }] };
  return { blender: rendered, imaging: BlenderResult.fromPartial({ result: { $case: 'derivation', value } }) };
}

const IMAGE = { path: 'render_depth.png', contentType: 'image/png', thumbnail: false };
const THUMBNAIL = { path: 'thumbnail.png', contentType: 'image/png', thumbnail: true };
const blank = { reason: 'blank_render', message: 'view_000: nothing to see', view: 'view_000' };

describe('where outputs lie', () => {
  const own = [`${OWN}/thumbnails/abc/${ID}.png`, `${OWN}/kept/abc/${ID}/`];
  test.each<[string, Task, string[]]>([
    [
      'of one view',
      taskOf({ modalities: ['MODALITY_DEPTH'], rawOutputs: ['RAW_OUTPUT_DEPTH_PNG16'] }),
      ['metadata.json', 'render_depth.png', 'render_depth_16.png'].map((name) => `s3://outputs/run/a/chair/${name}`),
    ],
    [
      'of two views',
      taskOf({ views: { ring: { count: 2 } }, modalities: ['MODALITY_EDGE'] }),
      ['metadata.json', 'transforms.json', 'view_000/render_edge.png', 'view_001/render_edge.png'].map(
        (name) => `s3://outputs/run/a/chair/${name}`,
      ),
    ],
    [
      'of an asset that keeps its extension',
      taskOf({ modalities: ['MODALITY_EDGE'] }, { keepExtension: true }),
      ['metadata.json', 'render_edge.png'].map((name) => `s3://outputs/run/a/chair.glb/${name}`),
    ],
  ])('%s', (_, task, places) => {
    expect(renderingOperation.outputPlaces(task).map(toS3Uri)).toEqual([...places, ...own]);
  });
});

test.each([1, 3])('assets in a folder named after another one share nothing with it, with %d views', (count) => {
  const stems = [
    '',
    '/view_000',
    '/view_000/view_000',
    '/view_001',
    '/metadata.json',
    '/transforms',
    '/render_edge.png',
  ];
  const names = [
    ...stems.map((stem) => `chair${stem}.glb`),
    'chair.GLB',
    'chair.GLB.glb',
    'chair.glb.glb',
    'view_000.glb',
  ];
  const rawOutputs = ['RAW_OUTPUT_DEPTH_EXR', 'RAW_OUTPUT_DEPTH_PNG16', 'RAW_OUTPUT_NORMAL_EXR'];
  const places = names.flatMap((assetName, i) => {
    const taskId = String(i).padStart(32, '0');
    return renderingOperation.outputPlaces(taskOf({ views: { ring: { count } }, rawOutputs }, { assetName, taskId }));
  });
  const uris = places.map(toS3Uri);
  expect(new Set(uris).size).toBe(uris.length);
  const folders = uris.filter((uri) => uri.endsWith('/'));
  expect(folders).toHaveLength(names.length);
  for (const folder of folders) expect(uris.filter((uri) => uri.startsWith(folder))).toEqual([folder]);
});

test('Blender is told where the light lies, and whether it must have a GPU', () => {
  const task = taskOf({ lighting: { hdrUri: 's3://lights/sky.EXR', hdrEtag: 'e2' } }, { requireGpu: true });
  expect(renderingOperation.blenderOp(task)).toMatchObject({
    $case: 'modalities',
    value: { hdrFile: 'cyclorama-environment.exr', requireGpu: true, spec: { width: 512, samples: 16 } },
  });
  expect(renderingOperation.extraInputs!(task)).toMatchObject([
    { place: { bucket: 'lights', key: 'sky.EXR' }, etag: 'e2', fileName: 'cyclorama-environment.exr' },
  ]);
  expect(renderingOperation.extraInputs!(taskOf())).toEqual([]);
});

test('room for the image that lights the asset is taken along', () => {
  const roomOf = (spec: object): number => renderingOperation.workload!(taskOf(spec)).scratchBytes;
  const lit = { lighting: { hdrUri: 's3://lights/sky.hdr', hdrEtag: 'e2' } };
  expect(roomOf(lit) - roomOf({})).toBe(renderingOperation.extraInputs!(taskOf(lit))[0]!.maxBytes);
});

test('a light without a tag is fetched without a condition', () => {
  const task = taskOf({ lighting: { hdrUri: 's3://lights/sky.hdr', hdrEtag: '2026-01-01T00:00:00.000Z' } });
  expect(renderingOperation.extraInputs!(task)).toMatchObject([{ etag: '' }]);
});

test('the imaging process is told where the asset came from, each warning once', () => {
  expect(renderingOperation.imagingOp!(taskOf(), rendered, factsOf())).toMatchObject({
    $case: 'derive',
    value: {
      source: {
        file: 'chair.glb',
        etag: 'e1',
        sha256: 'cafe',
        cycloramaVersion: '1.2.3',
        warnings: ['decoded: draco'],
      },
    },
  });
});

describe('the product', () => {
  test('has the images in the folder of the asset and the thumbnail in ours', async () => {
    const outputDir = folderWith(IMAGE.path, THUMBNAIL.path);
    const product = await renderingOperation.toProduct(taskOf(), answers([IMAGE, THUMBNAIL]), factsOf(outputDir));
    expect(product.files.map(({ place }) => toS3Uri(place))).toEqual([
      's3://outputs/run/a/chair/render_depth.png',
      `${OWN}/thumbnails/abc/${ID}.png`,
    ]);
    expect(product).toMatchObject({ frames: 1, device: 'CPU', detail: { views: 1, least_coverage: 0.25 } });
    expect(product.verdict).toBeUndefined();
    expect(renderingOperation.toStats(product.report)).toEqual({
      views: 1,
      width: 512,
      height: 512,
      samples: 16,
      least_coverage: 0.25,
      greatest_coverage: 0.25,
    });
  });

  test('of blank images is a failure that keeps them', async () => {
    const outputDir = folderWith(IMAGE.path);
    const product = await renderingOperation.toProduct(taskOf(), answers([IMAGE], [blank]), factsOf(outputDir));
    expect(product.verdict).toMatchObject({
      outcome: 'failed',
      error: { reason: 'blank_render', detail: { stage: 'verify' } },
    });
    expect(product.files.map(({ place }) => toS3Uri(place))).toEqual([
      `${OWN}/kept/abc/${ID}/${'f'.repeat(32)}/render_depth.png`,
    ]);
  });

  test('takes no file from outside of its folder', async () => {
    const outputDir = folderWith();
    writeFileSync(join(outputDir, '..', 'secret'), 'secret');
    symlinkSync('../secret', join(outputDir, 'render_depth.png'));
    const product = renderingOperation.toProduct(taskOf(), answers([IMAGE]), factsOf(outputDir));
    await expect(product).rejects.toThrow(/expected a file in its own folder/);
    const climbing = renderingOperation.toProduct(
      taskOf(),
      answers([{ ...IMAGE, path: '../secret' }]),
      factsOf(outputDir),
    );
    await expect(climbing).rejects.toThrow(/expected a file in its own folder/);
    // It comes back to its own folder, but the key would not.
    writeFileSync(join(outputDir, 'render_edge.png'), 'image');
    const round = { ...IMAGE, path: '../out/render_edge.png' };
    const around = renderingOperation.toProduct(taskOf(), answers([round]), factsOf(outputDir));
    await expect(around).rejects.toThrow(/expected a file in its own folder/);
  });
});

test('more views and samples get more time and room', () => {
  const usual = renderingOperation.workload!(taskOf());
  expect(usual).toEqual({ scratchBytes: 512 * 512 * 80, timeFactor: 1 });
  const large = { width: 2048, samples: 128, views: { ring: { count: 4 } } };
  expect(renderingOperation.workload!(taskOf(large))).toEqual({ scratchBytes: 2048 ** 2 * 4 * 80, timeFactor: 32 });
});
