import { expect, test } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { parseFolderUri, parseObjectUri, parseS3Uri, toS3Uri, toStem } from './uri.ts';

test.each([
  ['s3://bucket', 'bucket', ''],
  ['s3://bucket/', 'bucket', ''],
  ['s3://bucket/a/b.glb', 'bucket', 'a/b.glb'],
  ['s3://my.bucket-1/a', 'my.bucket-1', 'a'],
  ['s3://bucket//a', 'bucket', '/a'],
  ['s3://bucket/a b+c%20d?e#f', 'bucket', 'a b+c%20d?e#f'],
  ['s3://bucket/a\nb', 'bucket', 'a\nb'],
  ['s3://bucket/../x', 'bucket', '../x'],
])('%j is bucket %s and key %j', (uri, bucket, key) => {
  expect(parseS3Uri(uri, 'uri')).toEqual({ bucket, key });
});

test.each([
  '',
  'bucket/key',
  's3:/bucket/key',
  'S3://bucket/key',
  'https://bucket/key',
  's3://',
  's3:///key',
  's3://ab',
  's3://-bucket/key',
  's3://Bucket/key',
  's3://bucket_1/key',
  's3://user@bucket/key',
  ' s3://bucket/key',
  `s3://${'b'.repeat(64)}/key`,
])('%j is refused under the name of its field', (uri) => {
  const refusal = { reason: 'invalid_request', detail: { violations: [{ field: 'source.prefix.prefix_uri' }] } };
  expect(thrownBy(() => parseS3Uri(uri, 'source.prefix.prefix_uri'))).toMatchObject(refusal);
});

test('a bucket that no store can have is named with what its name may be', () => {
  expect(() => parseS3Uri('s3://in/a.glb', 'uri')).toThrow(/expected the name of a bucket for 'in': 3 to 63 of/);
});

test('a key of half a character is refused: no store can be asked for it', () => {
  expect(parseS3Uri('s3://bucket/\ud83d\ude00', 'uri').key).toBe('😀');
  expect(() => parseS3Uri('s3://bucket/a\ud83d', 'uri')).toThrow(/half a character/);
});

test('a key has at most 1,024 bytes, however many characters that is', () => {
  expect(parseS3Uri(`s3://bucket/${'ä'.repeat(512)}`, 'uri').key).toHaveLength(512);
  expect(() => parseS3Uri(`s3://bucket/${'ä'.repeat(513)}`, 'uri')).toThrow(/over 1024 bytes/);
});

test('an object has a key', () => {
  expect(parseObjectUri('s3://bucket/a', 'uri')).toEqual({ bucket: 'bucket', key: 'a' });
  expect(() => parseObjectUri('s3://bucket/a\0b', 'uri')).toThrow(/NUL character/);
  for (const uri of ['s3://bucket', 's3://bucket/']) expect(() => parseObjectUri(uri, 'uri')).toThrow(/names a bucket/);
});

test.each([
  ['s3://bucket', ''],
  ['s3://bucket/', ''],
  ['s3://bucket/out', 'out/'],
  ['s3://bucket/out/', 'out/'],
])('the folder of %s has key %j', (uri, key) => {
  expect(parseFolderUri(uri, 'output_uri')).toEqual({ bucket: 'bucket', key });
});

test('writing a place and reading it gives the place', () => {
  for (const key of ['', 'a', '/a', 'a//b/', ' %2F+\n']) {
    expect(parseS3Uri(toS3Uri({ bucket: 'bucket', key }), 'uri')).toEqual({ bucket: 'bucket', key });
  }
});

test.each([
  ['a/chair.glb', 'a/chair'],
  ['chair.v2.glb', 'chair.v2'],
  ['chair.glb.glb', 'chair.glb'],
  ['chair.GLB', 'chair.GLB'],
  ['chair.GLB.glb', 'chair.GLB.glb'],
  ['a/.glb', 'a/.glb'],
  ['a/.glb.glb', 'a/.glb.glb'],
  ['a.b/chair', 'a.b/chair'],
])('outputs of %s are named %s', (name, stem) => {
  expect(toStem(name, false)).toBe(stem);
  expect(toStem(name, true)).toBe(name);
});

test('no two assets with one suffix, in any case, have outputs of one name', () => {
  const parts = ['', 'a', '/', '.glb', '.GLB', '.Glb', '.b'];
  const words = parts.flatMap((a) => parts.flatMap((b) => parts.flatMap((c) => parts.map((d) => a + b + c + d))));
  const names = [...new Set(words)].flatMap((word) => ['.glb', '.GLB', '.Glb'].map((suffix) => word + suffix));
  const stems = new Map(names.map((name) => [toStem(name, false), name]));
  expect(names.length).toBeGreaterThan(1000);
  expect(new Set(names).size - stems.size).toBe(0);
});
