import { describe, expect, test } from 'vitest';
import { AnalysisReport, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { Asset } from '../../gen/cyclorama/asset/v1/asset.ts';
import { FileHeader } from '../../gen/cyclorama/asset/v1/stats.ts';
import { BlenderResult, type Inspection } from '../../gen/cyclorama/blender/v1/blender.ts';
import { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { CycloramaError } from '../kernel/failure.ts';
import type { Answers } from '../kernel/work/operation.ts';
import { toSpecJson } from './handlers.ts';
import { analysisOperation } from './tasks.ts';

const FACTS = {
  downloadedBytes: 42,
  warnings: ['decoded before import: draco'],
  header: FileHeader.fromPartial({ format: 'glb', generator: 'Hand' }),
  outputDir: '/scratch/out',
  sha256: '',
  version: '0.0.0',
  stageSeconds: {},
};
const style = (word: 'INSPECTION' | 'VALIDATION') => toSpecJson({ style: ReportStyle[`REPORT_STYLE_${word}`] });

function taskOf(change: Partial<Task> = {}): Task {
  const asset = Asset.fromPartial({ uri: 's3://assets/models/a/chair.glb', sizeBytes: 42n });
  const rest = { assetName: 'a/chair.glb', outputUri: 's3://outputs/run/' };
  return { ...Task.fromPartial({}), asset, ...rest, spec: style('VALIDATION'), ...change };
}

function answer(fields: Partial<Inspection>): Answers {
  const value = { vertices: 8n, faces: 6n, quads: 6n, ...fields };
  return { blender: BlenderResult.fromPartial({ result: { $case: 'inspection', value } }) };
}

describe('where the report goes', () => {
  test.each<[string, Partial<Task>, string, string]>([
    ['below the dataset', {}, 'outputs', 'run/a/chair_report.json'],
    ['in the exercise’s other form', { spec: style('INSPECTION') }, 'outputs', 'run/a/chair.json'],
    [
      'beside the asset',
      { outputsBesideAsset: true, outputUri: 's3://assets/' },
      'assets',
      'models/a/chair_report.json',
    ],
    ['with the extension', { keepExtension: true }, 'outputs', 'run/a/chair.glb_report.json'],
    ['in the root of a bucket', { outputUri: 's3://outputs' }, 'outputs', 'a/chair_report.json'],
  ])('%s', (_, change, bucket, key) => {
    expect(analysisOperation.outputPlaces(taskOf(change))).toEqual([{ bucket, key }]);
    const failed = analysisOperation.toFailureProduct(taskOf(change), new CycloramaError('import_failed', 'no'));
    expect(failed.files.map(({ place }) => place)).toEqual([{ bucket, key }]);
  });
});

describe('what Blender found', () => {
  test('becomes one JSON file, figures for lists, and the whole report', async () => {
    const product = await analysisOperation.toProduct(taskOf(), answer({ materialNames: ['Wood'] }), FACTS);
    expect(product.files).toHaveLength(1);
    expect(product.files[0]).toMatchObject({ contentType: 'application/json' });
    expect(JSON.parse(product.files[0]!.content as string)).toMatchObject({
      file: 'models/a/chair.glb',
      status: 'success',
      stats: { vertices: 8, faces: 6, header: { format: 'glb', generator: 'Hand' } },
    });
    expect(product.detail).toMatchObject({ vertices: 8, faces: 6, materials: 1, downloaded_bytes: 42 });
    expect(AnalysisReport.fromJSON(product.report)).toMatchObject({
      vertices: 8n,
      materialNames: ['Wood'],
      warnings: FACTS.warnings,
    });
    expect(product.warnings).toEqual(FACTS.warnings);
  });

  test('without a face fails the validation, but not the inspection', async () => {
    const nothing = answer({ vertices: 0n, faces: 0n, quads: 0n });
    expect(() => analysisOperation.toProduct(taskOf(), nothing, FACTS)).toThrow(/has no mesh/);
    const product = await analysisOperation.toProduct(taskOf({ spec: style('INSPECTION') }), nothing, FACTS);
    expect(JSON.parse(product.files[0]!.content as string)).toMatchObject({ geometry: { vertices: 0, faces: 0 } });
    expect(product.warnings).toEqual([...FACTS.warnings, expect.stringContaining('has no mesh')]);
  });

  test.each<[string, bigint, string[], string]>([
    [
      'points',
      50n,
      [],
      "asset 's3://assets/models/a/chair.glb' has no face but 50 vertices; expected at least one face",
    ],
    [
      'curves',
      0n,
      ['curves: 2'],
      "asset 's3://assets/models/a/chair.glb' has no mesh; expected at least one face; curves: 2",
    ],
  ])('of nothing but %s is told in the failure', (_, vertices, warnings, message) => {
    const { blender } = answer({ vertices, faces: 0n, quads: 0n });
    expect(() => analysisOperation.toProduct(taskOf(), { blender: { ...blender, warnings } }, FACTS)).toThrow(message);
  });

  test('is not written where nothing is to be written', async () => {
    const task = taskOf({ outputUri: '' });
    expect((await analysisOperation.toProduct(task, answer({}), FACTS)).files).toEqual([]);
    expect(analysisOperation.toFailureProduct(task, new CycloramaError('import_failed', 'no')).files).toEqual([]);
  });

  test('of another kind is a defect of ours', () => {
    const other = { blender: BlenderResult.fromPartial({ result: { $case: 'selftest', value: {} } }) };
    expect(() => analysisOperation.toProduct(taskOf(), other, FACTS)).toThrow(/'selftest'; expected an inspection/);
  });
});

test('a failure says why in the exercise’s words', () => {
  const product = analysisOperation.toFailureProduct(taskOf(), new CycloramaError('import_failed', 'Invalid header.'));
  expect(JSON.parse(product.files[0]!.content as string)).toEqual({
    file: 'models/a/chair.glb',
    status: 'error',
    error_message: 'Invalid header.',
    reason: 'import_failed',
  });
});

test('the default style leaves no trace in the spec, so that both ways to ask share their records', () => {
  expect(toSpecJson(undefined)).toEqual({});
  expect(style('VALIDATION')).toEqual({});
  expect(style('INSPECTION')).toEqual({ style: 'REPORT_STYLE_INSPECTION' });
});
