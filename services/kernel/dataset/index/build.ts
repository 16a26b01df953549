import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { forEachBounded } from '../../concurrency.ts';
import { CycloramaError } from '../../failure.ts';
import { isDamage } from '../../store/errors.ts';
import { toLines } from '../../store/lines.ts';
import type { ObjectStore } from '../../store/types.ts';
import { toS3Uri } from '../../uri.ts';
import type { DatasetPlaces } from '../places.ts';
import { readWholeRecord } from '../records.ts';
import { type PreviousIndex, readPrevious } from './previous.ts';
import { type IndexRow, type ToStats, toRow } from './row.ts';
import { divideRecords, type IndexedRecord, listShard, type Shard } from './shards.ts';

const SHARDS_AT_ONCE = 8;
/** Records that each shard reads ahead of the row that it writes; times the shards, it limits the reads under way. */
const READS_AHEAD = 8;
const WRITE_CHARACTERS = 1024 ** 2;

/** Dependencies of buildIndex. */
export interface BuildParts {
  store: Pick<ObjectStore, 'list' | 'listAll' | 'read'>;
  places: DatasetPlaces;
  toStats: ToStats;
  previous: PreviousIndex | undefined;
  /** Local folder for parts of the index. */
  folder: string;
  /** Gets every row, in no particular order. */
  onRow: (row: IndexRow) => void;
}

/** Counts of one build of an index. */
export interface BuildCounts {
  /** Rows reused from the previous index. */
  reused: number;
  /** Records read. */
  read: number;
  /** URIs of records that cannot be read; they have no row. */
  unreadable: string[];
}

/**
 * Writes one row per asset of a dataset into a file, in the order of asset ids.
 * Holds a few thousand names in memory.
 */
export async function buildIndex(parts: BuildParts, path: string, signal: AbortSignal): Promise<BuildCounts> {
  const counts: BuildCounts = { reused: 0, read: 0, unreadable: [] };
  const shards = await divideRecords(parts.store, parts.places, signal);
  const partOf = ({ digits }: Shard): string => join(parts.folder, `part-${digits}`);
  await forEachBounded(shards, SHARDS_AT_ONCE, (shard) => writeShard(parts, shard, partOf(shard), counts, signal));
  await writeFile(path, '');
  for (const shard of shards) {
    signal.throwIfAborted();
    await pipeline(createReadStream(partOf(shard)), createWriteStream(path, { flags: 'a' }), { signal });
    await rm(partOf(shard));
  }
  return counts;
}

/** Reads the rows of an index file. */
export async function* readRows(path: string): AsyncGenerator<IndexRow> {
  const chunks: Readable = createReadStream(path, { highWaterMark: 1024 ** 2 });
  for await (const lines of toLines(chunks)) for (const line of lines) yield JSON.parse(line) as IndexRow;
}

/**
 * Matches half a character as JSON.stringify escapes it.
 * A text that only looks like one costs time but does no harm.
 */
const HALF = /\\ud[89a-f]/;

/** Writes a row as a line. Names in broken files may hold half characters, for which DuckDB refuses the whole index. */
function printRow(row: IndexRow): string {
  const line = JSON.stringify(row);
  if (!HALF.test(line)) return line;
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value));
}

async function writeShard(
  parts: BuildParts,
  shard: Shard,
  path: string,
  counts: BuildCounts,
  signal: AbortSignal,
): Promise<void> {
  const records = await listShard(parts.store, parts.places, shard, signal);
  const previous = readPrevious(parts.previous, shard.digits);
  const makeRow = async (record: IndexedRecord): Promise<{ line: string; row: IndexRow } | undefined> => {
    const row = await readRow(parts, record, counts, signal);
    return row && { line: printRow(row), row };
  };
  const ahead: Promise<{ line: string; row: IndexRow } | undefined>[] = [];
  let text = '';
  const takeOne = async (): Promise<void> => {
    const made = await ahead.shift();
    if (!made) return;
    parts.onRow(made.row);
    text += `${made.line}\n`;
    if (text.length < WRITE_CHARACTERS) return;
    await appendFile(path, text);
    text = '';
  };
  try {
    for (const record of records) {
      signal.throwIfAborted();
      const uri = toS3Uri({ bucket: parts.places.bucket, key: record.key });
      const existing = await previous.take(record, uri);
      if (existing) counts.reused++;
      const made = existing ? Promise.resolve(existing) : makeRow(record);
      // takeOne throws the failure when it reaches this row.
      made.catch(() => undefined);
      ahead.push(made);
      if (ahead.length >= READS_AHEAD) await takeOne();
    }
    while (ahead.length > 0) await takeOne();
    await appendFile(path, text);
  } finally {
    await Promise.allSettled(ahead);
    await previous.close();
  }
}

/** Makes the row of a record; undefined if another job has replaced it, since that job will also close the dataset. */
async function readRow(
  { store, places, toStats }: BuildParts,
  { key, etag }: IndexedRecord,
  counts: BuildCounts,
  signal: AbortSignal,
): Promise<IndexRow | undefined> {
  const place = { bucket: places.bucket, key };
  try {
    const record = await readWholeRecord(store, place, signal);
    if (!record) return undefined;
    counts.read++;
    if (record.result?.asset) return toRow(record, toS3Uri(place), etag, toStats);
  } catch (error) {
    if (!isDamagedRecord(error)) throw error;
  }
  counts.unreadable.push(toS3Uri(place));
  return undefined;
}

/** Returns whether the content of a record is the reason why it cannot be read. */
function isDamagedRecord(error: unknown): boolean {
  if (error instanceof SyntaxError || isDamage(error)) return true;
  return error instanceof CycloramaError && error.reason === 'invalid_request';
}
