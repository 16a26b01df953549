import { forEachBounded } from '../../concurrency.ts';
import type { ObjectStore, StoredObject } from '../../store/types.ts';
import { type DatasetPlaces, parseRecordKey, type RecordName } from '../places.ts';

const DIGITS = [...'0123456789abcdef'];

/** The record that counts for one asset. Its ETag changes with its content. */
export interface IndexedRecord extends RecordName {
  key: string;
  etag: string;
  lastModifyTime: Date | undefined;
}

/** Records of assets whose ids begin with `digits`; `objects` are its records if they fit one page of a listing. */
export interface Shard {
  digits: string;
  objects: StoredObject[] | undefined;
}

/** Divides a dataset's records into shards by one digit of the asset id, or two for large ones, in the order of ids. */
export async function divideRecords(
  store: Pick<ObjectStore, 'list'>,
  places: DatasetPlaces,
  signal: AbortSignal,
): Promise<Shard[]> {
  const shards: Shard[] = [];
  await forEachBounded(DIGITS, DIGITS.length, async (digit) => {
    const page = await store.list(places.bucket, { prefix: places.recordsPrefix + digit }, signal);
    if (page.nextToken === undefined) shards.push({ digits: digit, objects: page.objects });
    else shards.push(...DIGITS.map((next) => ({ digits: digit + next, objects: undefined })));
  });
  return shards.sort((a, b) => (a.digits < b.digits ? -1 : 1));
}

/** Lists the records of a shard: one per asset, in the order of asset ids, even if the store lists in another order. */
export async function listShard(
  store: Pick<ObjectStore, 'listAll'>,
  places: DatasetPlaces,
  { digits, objects }: Shard,
  signal: AbortSignal,
): Promise<IndexedRecord[]> {
  const listed =
    objects ?? (await Array.fromAsync(store.listAll(places.bucket, places.recordsPrefix + digits, signal))).flat();
  return chooseRecords(listed);
}

/** Chooses the newest record of each asset, or the one that succeeded among those with the same fingerprint. */
function chooseRecords(objects: StoredObject[]): IndexedRecord[] {
  const chosen = new Map<string, IndexedRecord>();
  for (const { key, etag, lastModifyTime } of objects) {
    const name = parseRecordKey(key);
    if (!name) continue;
    const record = { ...name, key, etag: etag || (lastModifyTime?.toISOString() ?? ''), lastModifyTime };
    const best = chosen.get(name.assetId);
    if (!best || isBetter(record, best)) chosen.set(name.assetId, record);
  }
  return [...chosen.values()].sort((a, b) => (a.assetId < b.assetId ? -1 : 1));
}

function isBetter(record: IndexedRecord, best: IndexedRecord): boolean {
  if (record.fingerprint === best.fingerprint) return record.outcome === 'succeeded';
  return (record.lastModifyTime?.getTime() ?? 0) > (best.lastModifyTime?.getTime() ?? 0);
}
