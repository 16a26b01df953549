import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../gen/cyclorama/job/v1/task.ts';
import { type OutcomeWord, RECORD_OUTCOMES, toDatasetPlaces } from '../../services/kernel/dataset/places.ts';
import { loadRecordSet } from '../../services/kernel/dataset/record-set.ts';
import { commitRecord, listRecords, readRecord } from '../../services/kernel/dataset/records.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { TestS3 } from '../support/servers/s3.ts';

const NEVER = new AbortController().signal;
const hash = (text: string): string => createHash('md5').update(text).digest('hex');
const FINGERPRINT = hash('fingerprint');
let s3: TestS3;
let store: ObjectStore;

beforeAll(async () => {
  s3 = await TestS3.create();
  await s3.createBucket('records');
  store = s3.openStore();
});
afterAll(async () => {
  store?.close();
  await s3?.close();
});

const placesOf = (name: string) => toDatasetPlaces(`s3://records/${name}/`);

function recordOf(taskId: string, outcome: OutcomeWord, workerId = 'w', fingerprint = FINGERPRINT): TaskRecord {
  const result = TaskResult.fromPartial({ taskId, workerId, outcome: RECORD_OUTCOMES[outcome] });
  return { ...TaskRecord.fromPartial({ operation: 'analysis', fingerprint }), result };
}

const namesOf = async (name: string, taskId: string) =>
  (await listRecords(store, placesOf(name), taskId)).map(({ fingerprint, outcome }) => [fingerprint, outcome]);

test('a record that is committed stands, is listed by its name and reads as it was written', async () => {
  const [places, id] = [placesOf('one'), hash('asset')];
  const record = recordOf(id, 'succeeded');
  expect(await commitRecord(store, places, record, [])).toBe(record);
  const [listed, ...others] = await listRecords(store, places, id);
  expect(others).toEqual([]);
  expect(listed).toMatchObject({ assetId: id, fingerprint: FINGERPRINT, outcome: 'succeeded' });
  expect(await readRecord(store, listed!.place)).toEqual(record);
});

test('of twenty commits of one task one stands, and each committer is told which', async () => {
  const [places, id] = [placesOf('race'), hash('asset')];
  const told = await Promise.all(
    Array.from({ length: 20 }, (_, n) => commitRecord(store, places, recordOf(id, 'succeeded', `worker ${n}`), [])),
  );
  const winners = new Set(told.map(({ result }) => result?.workerId));
  expect(winners.size).toBe(1);
  const [listed] = await listRecords(store, places, id);
  expect((await readRecord(store, listed!.place))?.result?.workerId).toBe([...winners][0]);
});

test('a commit takes the place of what it has seen, and of nothing that it has not', async () => {
  const [places, id] = [placesOf('older'), hash('asset')];
  const other = hash('other fingerprint');
  await commitRecord(store, places, recordOf(id, 'failed'), []);
  await commitRecord(store, places, recordOf(id, 'succeeded', 'w', other), []);
  const seen = await listRecords(store, places, id);
  expect(seen).toHaveLength(2);
  const late = hash('late fingerprint');
  await commitRecord(store, places, recordOf(id, 'failed', 'w', late), []);
  await commitRecord(store, places, recordOf(id, 'succeeded'), seen);
  expect((await namesOf('older', id)).toSorted()).toEqual(
    [
      [FINGERPRINT, 'succeeded'],
      [late, 'failed'],
    ].toSorted(),
  );
});

test('a failure may be recorded anew over the one that was seen, but not over one that changed since', async () => {
  const [places, id] = [placesOf('again'), hash('asset')];
  await commitRecord(store, places, recordOf(id, 'failed', 'first'), []);
  const seen = await listRecords(store, places, id);
  const second = await commitRecord(store, places, recordOf(id, 'failed', 'second'), seen);
  expect(second.result?.workerId).toBe('second');
  const third = await commitRecord(store, places, recordOf(id, 'failed', 'third'), seen);
  expect(third.result?.workerId).toBe('second');
});

test('records of one asset are told from those of others, whatever lies beside them', async () => {
  const places = placesOf('beside');
  const ids = ['a', 'b', 'c'].map(hash);
  for (const id of ids) await commitRecord(store, places, recordOf(id, 'skipped'), []);
  await store.write({ bucket: 'records', key: `${places.recordsOf(ids[0]!).key}notes.txt` }, 'x', {
    condition: 'always',
    contentType: 'text/plain',
  });
  for (const id of ids) expect(await namesOf('beside', id)).toEqual([[FINGERPRINT, 'skipped']]);
  expect(await namesOf('beside', hash('d'))).toEqual([]);
});

test('a record that is gone reads as undefined', async () => {
  const place = placesOf('one').record({ assetId: hash('x'), fingerprint: FINGERPRINT, outcome: 'failed' });
  expect(await readRecord(store, place)).toBeUndefined();
});

test('a record that was changed where it lies, so that its checksum is wrong, counts as spoilt', async () => {
  const [places, id] = [placesOf('damaged'), hash('asset')];
  await commitRecord(store, places, recordOf(id, 'failed'), []);
  const place = places.record({ assetId: id, fingerprint: FINGERPRINT, outcome: 'failed' });
  await writeFile(join(s3.folder, place.bucket, place.key), '{"result":5}');
  expect(await readRecord(store, place)).toBeUndefined();
  await expect(store.read(place, 1_000)).rejects.toMatchObject({
    reason: 'invalid_asset',
    message: expect.stringContaining('is damaged in the store'),
  });
});

test('the set of a dataset with 3,000 records holds them all, succeeded before failed', async () => {
  const places = placesOf('many');
  const ids = Array.from({ length: 3_000 }, (_, n) => hash(`asset ${n}`));
  await Promise.all(
    ids.flatMap((assetId, n) => {
      const outcomes: OutcomeWord[] = n % 10 === 0 ? ['failed', 'succeeded'] : [n % 2 === 0 ? 'failed' : 'succeeded'];
      return outcomes.map(async (outcome) => {
        const path = join(s3.folder, 'records', places.record({ assetId, fingerprint: FINGERPRINT, outcome }).key);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, '');
      });
    }),
  );
  const set = await loadRecordSet(store, places, NEVER);
  expect(set.size).toBe(3_300);
  const found = ids.map((id) => set.find(id, FINGERPRINT));
  expect(found).toEqual(ids.map((_, n) => (n % 10 !== 0 && n % 2 === 0 ? 'failed' : 'succeeded')));
  expect(set.find(hash('unknown'), FINGERPRINT)).toBeUndefined();
});

test('a place without records gives an empty set', async () => {
  expect((await loadRecordSet(store, placesOf('nothing'), NEVER)).size).toBe(0);
});
