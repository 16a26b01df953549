import { expect, test } from 'vitest';
import { TaskRecord } from '../../../../gen/cyclorama/job/v1/task.ts';
import { createColumnFinder, toCells } from './columns.ts';
import { type IndexRow, toRow } from './row.ts';

function rowOf(stats: IndexRow['stats'], stageSeconds: Record<string, number> = {}): IndexRow {
  const asset = { uri: 's3://bucket/models/chair.glb', sizeBytes: 5n, etag: 'e' };
  const result = { taskId: 'a'.repeat(32), asset, outcome: 1, stageSeconds } as const;
  return { ...toRow(TaskRecord.fromPartial({ result }), 's3://bucket/record', 'r', (report) => report), stats };
}

function columnsOf(...rows: IndexRow[]): Record<string, string> {
  const finder = createColumnFinder();
  for (const row of rows) finder.see(row);
  return Object.fromEntries(finder.columns().columns.map(({ name, kind }) => [name, kind]));
}

test('a row has every fixed field, null where there is nothing', () => {
  expect(rowOf(null, { import: 0.12345, upload: 1 })).toMatchObject({
    key: 'models/chair.glb',
    name: 'chair.glb',
    outcome: 'succeeded',
    reason: null,
    stage: null,
    blender: null,
    end_time: null,
    seconds: 1.123,
    stage_seconds: { import: 0.123, upload: 1 },
  });
});

test.each<[string, unknown[], string]>([
  ['counts', [1, 2], 'integer'],
  ['counts and fractions', [1, 2.5], 'number'],
  ['counts too large to be exact', [2 ** 60], 'number'],
  ['texts', ['a', 'b'], 'text'],
  ['yes and no', [true, false], 'boolean'],
  ['lists of texts, empty ones among them', [[], ['a'], []], 'texts'],
  ['lists that are all empty', [[], []], 'texts'],
  ['lists of objects', [[{ a: 1 }]], 'json'],
  ['lists of numbers', [[1, 2]], 'json'],
  ['a text and a number', ['a', 1], 'json'],
  ['nothing and a number', [null, 3], 'integer'],
])('%s make a column of kind', (_, values, kind) => {
  expect(columnsOf(...values.map((value) => rowOf({ field: value })))).toMatchObject({ stats_field: kind });
});

test('fields in fields are columns of their own, and stages are', () => {
  const columns = columnsOf(rowOf({ dimensions: { x: 1.5, deep: { er: 'a' } } }, { import: 0.1 }));
  expect(columns).toMatchObject({ stats_dimensions_x: 'number', stats_dimensions_deep_er: 'text' });
  expect(columns).toMatchObject({ seconds_import: 'number', asset_id: 'text', end_time: 'time', outputs: 'texts' });
});

test('cells stand in the order of the columns, null where a row lacks the field', () => {
  const rows = [rowOf({ faces: 3, parts: [{ a: 1 }] }), rowOf(null)];
  const finder = createColumnFinder();
  for (const row of rows) finder.see(row);
  const { columns } = finder.columns();
  const named = (row: IndexRow) => Object.fromEntries(toCells(row, columns).map((cell, i) => [columns[i]!.name, cell]));
  expect(named(rows[0]!)).toMatchObject({ stats_faces: 3, stats_parts: '[{"a":1}]', name: 'chair.glb' });
  expect(named(rows[1]!)).toMatchObject({ stats_faces: null, stats_parts: null, name: 'chair.glb' });
});

test('fields beyond all measure are left out and counted', () => {
  const finder = createColumnFinder();
  finder.see(rowOf(Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`f${n}`, n]))));
  const { columns, leftOut } = finder.columns();
  expect(columns.length).toBe(500);
  expect(leftOut).toBe(600 + 22 - 500);
});
