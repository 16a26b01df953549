import { forEachBounded } from '../../concurrency.ts';
import type { ObjectStore, StoredObject } from '../../store/types.ts';
import { type DatasetPlaces, parseRecordKey, type RecordName } from '../places.ts';

const DIGITS = [...'0123456789abcdef'];

/** The record that counts for one asset, and a word that changes when its content does. */
export interface IndexedRecord extends RecordName {
  key: string;
  etag: string;
  lastModifyTime: Date | undefined;
}

/** Assets whose ids begin with the same digits; what is there is listed already where it fits one page. */
export interface Shard {
  digits: string;
  objects: StoredObject[] | undefined;
}

/** Divides a dataset's records into shards by one digit of the asset id, large ones by two; in the order of asset ids. */
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

/** The records of a shard: one an asset, in the order of asset ids, also where the store lists in another. */
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

/** Of the records of one asset takes the newest; of those with the same fingerprint the one that succeeded. */
function chooseRecords(objects: StoredObject[]): IndexedRecord[] {
  const chosen = new Map<string, IndexedRecord>();
  for (const { key, etag, lastModifyTime } of objects) {
    const name = parseRecordKey(key);
    if (!name) continue;
    const record = { ...name, key, etag: etag || (lastModifyTime?.toISOString() ?? ''), lastModifyTime };
    const standing = chosen.get(name.assetId);
    if (!standing || isBetter(record, standing)) chosen.set(name.assetId, record);
  }
  return [...chosen.values()].sort((a, b) => (a.assetId < b.assetId ? -1 : 1));
}

function isBetter(record: IndexedRecord, standing: IndexedRecord): boolean {
  if (record.fingerprint === standing.fingerprint) return record.outcome === 'succeeded';
  return (record.lastModifyTime?.getTime() ?? 0) > (standing.lastModifyTime?.getTime() ?? 0);
}
