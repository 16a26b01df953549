import { expect, test } from 'vitest';
import type { AssetSource, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { thrownBy } from '../../../test/support/thrown-by.ts';
import type { CycloramaError } from '../failure.ts';
import { checkSource } from './check-source.ts';

const JOB_ID = '0123456789abcdef0123456789abcdef';
const prefix = (prefixUri: string, limit = 0n, suffixes: string[] = []): AssetSource => ({
  source: { $case: 'prefix', value: { prefixUri, suffixes, limit } },
});
const list = (uris: string[]): AssetSource => ({ source: { $case: 'list', value: { uris } } });
const manifest = (uri: string, filter = '', suffixes: string[] = []): AssetSource => ({
  source: { $case: 'manifest', value: { uri, filter, suffixes } },
});
const job = (jobId: string, outcomes: number[] = []): AssetSource => ({
  source: { $case: 'job', value: { jobId, outcomes: outcomes as Outcome[] } },
});

test.each<[string, AssetSource, string[]]>([
  ['a prefix', prefix('s3://bucket/models/'), ['bucket']],
  ['a whole bucket', prefix('s3://bucket'), ['bucket']],
  ['a list over buckets', list(['s3://one/a.glb', 's3://two/c.glb', 's3://one/b.glb']), ['one', 'two']],
  ['a manifest', manifest('s3://bucket/list.txt'), ['bucket']],
  ['an inventory', manifest('s3://bucket/daily/manifest.json', '', ['.glb', '.obj']), ['bucket']],
  ['a job', job(JOB_ID), []],
])('%s is taken, and the buckets that it names are told', (_, source, buckets) => {
  expect(checkSource(source, 'id')).toEqual({ buckets });
});

test.each<[string, AssetSource | undefined, string[]]>([
  ['no source', undefined, ['source']],
  ['an empty source', { source: undefined }, ['source']],
  ['a prefix elsewhere', prefix('https://bucket/'), ['source.prefix.prefix_uri']],
  ['a negative limit', prefix('s3://bucket/', -1n), ['source.prefix.limit']],
  ['an empty list', list([]), ['source.list.uris']],
  ['a long list', list(Array.from({ length: 1001 }, (_, n) => `s3://bucket/${n}.glb`)), ['source.list.uris']],
  ['a list with a bucket in it', list(['s3://bucket/a.glb', 's3://bucket/']), ['source.list.uris[1]']],
  ['an asset twice', list(['s3://bucket/a.glb', 's3://bucket/a.glb']), ['source.list.uris']],
  ['a key in two buckets', list(['s3://one/a.glb', 's3://two/a.glb']), ['source.list.uris']],
  ['a manifest without key', manifest('s3://bucket'), ['source.manifest.uri']],
  ['a filter that ends early', manifest('s3://bucket/index.jsonl', 'stats.faces <'), ['source.manifest.filter']],
  ['suffixes of a manifest', manifest('s3://bucket/list.txt', '', ['.glb']), ['source.manifest.suffixes']],
  ['a filter of an inventory', manifest('s3://bucket/manifest.json', 'size < 5'), ['source.manifest.filter']],
  ['an empty suffix', manifest('s3://bucket/manifest.json', '', ['.glb', '']), ['source.manifest.suffixes[1]']],
  ['an ending of nothing', prefix('s3://bucket/', 0n, ['.glb', '']), ['source.prefix.suffixes[1]']],
  ['a job without id', job(''), ['source.job.job_id']],
  ['outcomes that there are not', job(JOB_ID, [1, 0, 99]), ['source.job.outcomes[1]', 'source.job.outcomes[2]']],
  ['a job id that is a subject of the bus', job('results.*'), ['source.job.job_id']],
])('%s is refused under its field', (_, source, fields) => {
  const refusal = thrownBy(() => checkSource(source, '')) as CycloramaError;
  expect(refusal.reason).toBe('invalid_request');
  expect(refusal.detail.violations?.map(({ field }) => field)).toEqual(fields);
});

test('a list of far too many assets is refused at once', () => {
  const uris = Array.from({ length: 60_000 }, (_, n) => `s3://bucket/${n}.glb`);
  const start = performance.now();
  expect(() => checkSource(list(uris), '')).toThrow(/has 60000 entries; expected 1 to 1000/);
  // Looking for each URI among all others takes half a minute.
  expect(performance.now() - start).toBeLessThan(5_000);
});

test('every wrong field is told at once, each with what was expected and once', () => {
  const uris = ['nowhere', 's3://bucket/a.glb', 's3://bucket/', 's3://bucket/a.glb'];
  const refusal = thrownBy(() => checkSource(list(uris), 'x'.repeat(129))) as CycloramaError;
  expect(refusal.detail.violations).toEqual([
    { field: 'source.list.uris[0]', description: "'nowhere' is not a place in a bucket; expected s3://bucket/key" },
    {
      field: 'source.list.uris[2]',
      description: "'s3://bucket/' names a bucket; expected an object, s3://bucket/key",
    },
    { field: 'source.list.uris', description: "names 's3://bucket/a.glb' twice" },
    { field: 'request_id', description: 'has 129 characters; expected at most 128' },
  ]);
});
