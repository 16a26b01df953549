import { TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import { CycloramaError } from '../failure.ts';
import { conditionOf } from '../store/condition.ts';
import { isDamage } from '../store/errors.ts';
import type { ObjectStore } from '../store/types.ts';
import type { S3Place } from '../uri.ts';
import { type DatasetPlaces, outcomeWord, parseRecordKey, type RecordName } from './places.ts';

const MAX_RECORD_BYTES = 16 * 1024 ** 2;

/** A record in a listing: its parsed name, and its ETag as the condition of an overwrite. */
export interface ListedRecord extends RecordName {
  place: S3Place;
  etag: string;
}

/** Lists all records of one asset, with any fingerprint. */
export async function listRecords(
  store: Pick<ObjectStore, 'listAll'>,
  places: DatasetPlaces,
  assetId: string,
  signal?: AbortSignal,
): Promise<ListedRecord[]> {
  const listed: ListedRecord[] = [];
  const { bucket, key: prefix } = places.recordsOf(assetId);
  for await (const page of store.listAll(bucket, prefix, signal)) {
    for (const { key, etag } of page) {
      const name = parseRecordKey(key);
      if (name) listed.push({ ...name, place: { bucket, key }, etag });
    }
  }
  return listed;
}

/** Reads a record; throws if it cannot be parsed. Undefined if it does not exist. */
export async function readWholeRecord(
  store: Pick<ObjectStore, 'read'>,
  place: S3Place,
  signal?: AbortSignal,
): Promise<TaskRecord | undefined> {
  const found = await store.read(place, MAX_RECORD_BYTES, signal);
  return found && parseRecord(found.body);
}

/** Reads a record whose work can be repeated; undefined if it does not exist or is damaged. */
export async function readRecord(
  store: Pick<ObjectStore, 'read'>,
  place: S3Place,
  signal?: AbortSignal,
): Promise<TaskRecord | undefined> {
  let found: Awaited<ReturnType<typeof store.read>>;
  try {
    found = await store.read(place, MAX_RECORD_BYTES, signal);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
  try {
    return found && parseRecord(found.body);
  } catch {
    return undefined;
  }
}

function parseRecord(body: Buffer): TaskRecord {
  return TaskRecord.fromJSON(JSON.parse(body.toString('utf8')));
}

/**
 * Commits a task: writes its record if nobody has changed it since `seen` was listed. From then on its outputs exist.
 * Returns the valid record: ours, or that of a faster attempt.
 */
export async function commitRecord(
  store: Pick<ObjectStore, 'read' | 'write' | 'remove'>,
  places: DatasetPlaces,
  record: TaskRecord,
  seen: ListedRecord[],
  signal?: AbortSignal,
): Promise<TaskRecord> {
  const result = record.result!;
  const name: RecordName = {
    assetId: result.taskId,
    fingerprint: record.fingerprint,
    outcome: outcomeWord(result.outcome),
  };
  const place = places.record(name);
  const condition = conditionOf(seen.find(({ place: { key } }) => key === place.key));
  const body = `${JSON.stringify(TaskRecord.toJSON(record), undefined, 1)}\n`;
  try {
    await store.write(place, body, { condition, contentType: 'application/json' }, signal);
  } catch (error) {
    if (!(error instanceof CycloramaError) || error.reason !== 'precondition_failed') throw error;
    const existing = await readRecord(store, place, signal);
    if (!existing) throw error;
    return existing;
  }
  const older = seen.filter((listed) => listed.place.key !== place.key);
  await Promise.all(older.map((listed) => store.remove(listed.place, signal)));
  return record;
}
