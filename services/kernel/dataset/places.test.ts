import { expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { normaliseOutputUri, outcomeWord, parseRecordKey, RECORD_OUTCOMES, toDatasetPlaces } from './places.ts';

const ASSET_ID = 'abc456789012345678901234567890ff';
const FINGERPRINT = '0123456789abcdef0123456789abcdef';

test.each([
  ['s3://bucket/out', 'out/_cyclorama/'],
  ['s3://bucket/out/', 'out/_cyclorama/'],
  ['s3://bucket', '_cyclorama/'],
  ['s3://bucket/a/b/c/', 'a/b/c/_cyclorama/'],
])('everything internal of %s lies below %s', (outputUri, root) => {
  const places = toDatasetPlaces(outputUri);
  const internal = [
    places.description,
    places.job('job'),
    places.probe('word'),
    places.recordsOf(ASSET_ID),
    { bucket: places.bucket, key: places.recordsPrefix },
    { bucket: places.bucket, key: places.jobsPrefix },
  ];
  for (const { bucket, key } of internal) {
    expect(bucket).toBe('bucket');
    expect(key.startsWith(root)).toBe(true);
  }
});

test.each(['succeeded', 'failed', 'skipped'] as const)('the name of a record that %s tells all of it', (outcome) => {
  const name = { assetId: ASSET_ID, fingerprint: FINGERPRINT, outcome };
  const places = toDatasetPlaces('s3://bucket/out/');
  const { key } = places.record(name);
  expect(key).toBe(`out/_cyclorama/records/abc/${ASSET_ID}-${FINGERPRINT}.${outcome}.json`);
  expect(parseRecordKey(key)).toEqual(name);
  expect(key.startsWith(places.recordsOf(ASSET_ID).key)).toBe(true);
  expect(key.startsWith(places.recordsPrefix + ASSET_ID[0])).toBe(true);
});

test.each([
  `records/abc/${ASSET_ID}-${FINGERPRINT}.cancelled.json`,
  `records/abc/${ASSET_ID}-${FINGERPRINT}.succeeded.json.bak`,
  `records/abc/${ASSET_ID}-${FINGERPRINT.slice(1)}.succeeded.json`,
  `records/abc/${ASSET_ID.toUpperCase()}-${FINGERPRINT}.succeeded.json`,
  `records/abc/${ASSET_ID}.succeeded.json`,
  'dataset.json',
  '',
])('%j is no record', (key) => {
  expect(parseRecordKey(key)).toBeUndefined();
});

test('words and outcomes are each other’s inverse', () => {
  for (const [word, outcome] of Object.entries(RECORD_OUTCOMES)) expect(outcomeWord(outcome)).toBe(word);
  expect(outcomeWord(Outcome.OUTCOME_SUCCEEDED)).toBe('succeeded');
});

test('a dataset has one spelling', () => {
  expect(normaliseOutputUri('s3://bucket/out')).toBe('s3://bucket/out/');
  expect(normaliseOutputUri('s3://bucket/out/')).toBe('s3://bucket/out/');
  expect(normaliseOutputUri('s3://bucket')).toBe('s3://bucket/');
  expect(normaliseOutputUri('')).toBe('');
  expect(() => normaliseOutputUri('out')).toThrow(/output_uri/);
  expect(() => normaliseOutputUri('s3://bucket/set/_cyclorama/x')).toThrow(/which is for records/);
  expect(normaliseOutputUri('s3://bucket/a_cyclorama/')).toBe('s3://bucket/a_cyclorama/');
});
