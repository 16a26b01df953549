import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { StoredObject } from '../store/types.ts';
import { type OutcomeWord, type RecordName, toDatasetPlaces } from './places.ts';
import { loadRecordSet, type RecordSet } from './record-set.ts';

const PLACES = toDatasetPlaces('s3://bucket/out/');
const NEVER = new AbortController().signal;
const hash = (text: string): string => createHash('md5').update(text).digest('hex');
const id = (digit: string, n = 0): string => digit + hash(String(n)).slice(1);

/** Makes a store that lists the records page by page in the given order. */
function storeOf(names: RecordName[], pageSize: number) {
  const keys = names.map((name) => PLACES.record(name).key);
  return {
    async *listAll(_: string, prefix: string): AsyncGenerator<StoredObject[]> {
      const below = keys.filter((key) => key.startsWith(prefix));
      for (let at = 0; at < below.length; at += pageSize) {
        yield below
          .slice(at, at + pageSize)
          .map((key) => ({ key, sizeBytes: 1n, etag: '', lastModifyTime: undefined }));
      }
    },
  };
}

const load = (names: RecordName[], pageSize = 1_000): Promise<RecordSet> =>
  loadRecordSet(storeOf(names, pageSize), PLACES, NEVER);

test('an empty set finds nothing', async () => {
  const set = await load([]);
  expect(set.size).toBe(0);
  expect(set.find(id('a'), hash('f'))).toBeUndefined();
});

test.each<OutcomeWord>(['succeeded', 'failed', 'skipped'])(
  'a record that %s is found by asset and fingerprint',
  async (outcome) => {
    const set = await load([{ assetId: id('7'), fingerprint: hash('f'), outcome }]);
    expect(set.find(id('7'), hash('f'))).toBe(outcome);
    expect(set.find(id('7'), hash('g'))).toBeUndefined();
    expect(set.find(id('8'), hash('f'))).toBeUndefined();
  },
);

test.each<OutcomeWord[]>([
  ['failed', 'succeeded'],
  ['succeeded', 'failed'],
  ['skipped', 'failed', 'succeeded'],
])('where %s and %s remain, succeeded wins', async (...outcomes) => {
  const names = outcomes.filter(Boolean).map((outcome) => ({ assetId: id('7'), fingerprint: hash('f'), outcome }));
  const set = await load(names);
  expect(set.size).toBe(names.length);
  expect(set.find(id('7'), hash('f'))).toBe('succeeded');
});

test('of 100,000 records each is found and nothing else', async () => {
  const words: OutcomeWord[] = ['succeeded', 'failed', 'skipped'];
  const names = Array.from({ length: 100_000 }, (_, n) => ({
    assetId: hash(`asset ${n}`),
    fingerprint: hash(`fingerprint ${n}`),
    outcome: words[n % 3]!,
  }));
  const set = await load(names);
  expect(set.size).toBe(100_000);
  const wrong = names.filter(({ assetId, fingerprint, outcome }) => set.find(assetId, fingerprint) !== outcome);
  const invented = names.filter(({ assetId }, n) => set.find(assetId, hash(`fingerprint ${n + 1}`)) !== undefined);
  expect([wrong.length, invented.length]).toEqual([0, 0]);
});

test('the first and the last possible name are found', async () => {
  const ends = ['0'.repeat(32), 'f'.repeat(32)];
  const names = ends.flatMap((assetId) =>
    ends.map((fingerprint) => ({ assetId, fingerprint, outcome: 'failed' as const })),
  );
  const set = await load(names);
  for (const { assetId, fingerprint } of names) expect(set.find(assetId, fingerprint)).toBe('failed');
});

test.each([1, 7, 1000])('a listing in pages of %i, in any order, gives the same set', async (pageSize) => {
  const names = Array.from({ length: 500 }, (_, n) => ({
    assetId: hash(`asset ${n}`),
    fingerprint: hash(`fingerprint ${n}`),
    outcome: 'succeeded' as const,
  }));
  const set = await load(names, pageSize);
  expect(set.size).toBe(500);
  expect(names.every(({ assetId, fingerprint }) => set.find(assetId, fingerprint) === 'succeeded')).toBe(true);
});

test('what is no record is passed over', async () => {
  const record: RecordName = { assetId: id('a'), fingerprint: hash('f'), outcome: 'succeeded' };
  const store = {
    async *listAll(bucket: string, prefix: string): AsyncGenerator<StoredObject[]> {
      const stray = { key: `${prefix}/notes.txt`, sizeBytes: 1n, etag: '', lastModifyTime: undefined };
      yield [stray];
      yield* storeOf([record], 10).listAll(bucket, prefix);
    },
  };
  const set = await loadRecordSet(store, PLACES, NEVER);
  expect(set.size).toBe(1);
  expect(set.find(record.assetId, record.fingerprint)).toBe('succeeded');
});
