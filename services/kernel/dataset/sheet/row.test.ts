import { expect, test } from 'vitest';
import type { IndexRow } from '../index/row.ts';
import { imagesOf } from '../index/row.ts';
import { relativeTo, toSheetRow } from './row.ts';

const ID = 'abc4567890123456789012345678901f';
const FOLDER = 's3://out/set/';
const VIEW = {
  folderUri: FOLDER,
  thumbnailUri: (id: string) => `${FOLDER}_cyclorama/thumbnails/${id}.png`,
  figures: [{ field: 'least_coverage', title: 'Coverage', unit: 'share' as const }],
};
const ROW: IndexRow = {
  asset_id: ID,
  uri: 's3://in/chair.glb',
  key: 'chair.glb',
  name: 'chair.glb',
  size_bytes: 12,
  etag: '',
  outcome: 'succeeded',
  reason: null,
  message: null,
  stage: null,
  stats: { least_coverage: 0.123456, views: 2 },
  warnings: [],
  outputs: [
    `${FOLDER}_cyclorama/thumbnails/${ID}.png`,
    `${FOLDER}chair/metadata.json`,
    `${FOLDER}chair/view_000/a.png`,
    `${FOLDER}chair/view_001/a.png`,
  ],
  seconds: 12.5,
  stage_seconds: { wait: 10, render: 2.5 },
  end_time: null,
  attempt: 1,
  worker_id: '',
  device: 'CPU',
  blender: null,
  job_id: '',
  fingerprint: '',
  record_uri: `${FOLDER}_cyclorama/records/abc/r.json`,
  record_etag: '',
  row_version: 1,
};

test('an asset has its folder and the files in it, and its figures; waiting is no work', () => {
  expect(toSheetRow(ROW, VIEW)).toMatchObject({
    folder: 'chair/',
    files: ['metadata.json', 'view_000/a.png', 'view_001/a.png'],
    thumbnail: true,
    figures: [2.5, 12, 0.1235],
    record: '',
  });
  expect(imagesOf(ROW)).toBe(2);
});

test('a failure has its record, and texts of others are cut', () => {
  const failed = { ...ROW, outcome: 'failed' as const, reason: 'cropped', message: 'x'.repeat(5000), stats: null };
  const row = toSheetRow({ ...failed, outputs: [], warnings: Array(500).fill('w'.repeat(999)) }, VIEW);
  expect(row).toMatchObject({ record: '_cyclorama/records/abc/r.json', folder: '', files: [], thumbnail: false });
  expect(row.figures[2]).toBeNull();
  expect(row.message.length + row.warnings.join('').length).toBeLessThan(10_000);
  expect(imagesOf(failed)).toBe(0);
});

test.each([
  ['s3://out/set/', 's3://out/set/a/b.png', 'a/b.png'],
  ['s3://out/set/_cyclorama/', 's3://out/set/a/b.png', '../a/b.png'],
  ['s3://out/x/y/', 's3://out/b.png', '../../b.png'],
  ['s3://out/', 's3://out/b.png', 'b.png'],
  ['s3://out/set/', 's3://other/set/b.png', 's3://other/set/b.png'],
])('from %s the way to %s is %s', (folder, uri, expected) => {
  expect(relativeTo(folder, uri)).toBe(expected);
});
