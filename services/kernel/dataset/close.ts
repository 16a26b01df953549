import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import { pause } from '../signal.ts';
import { conditionOf } from '../store/condition.ts';
import type { Content } from '../store/content.ts';
import { isDamage } from '../store/errors.ts';
import type { ObjectStore, StoredObject } from '../store/types.ts';
import type { S3Place } from '../uri.ts';
import type { DescribedOperation } from './described.ts';
import { type BuildCounts, buildIndex, readRows } from './index/build.ts';
import { createColumnFinder } from './index/columns.ts';
import { writeParquet } from './index/parquet.ts';
import { openPrevious, type PreviousIndex } from './index/previous.ts';
import type { IndexRow } from './index/row.ts';
import { createSummary } from './index/summary.ts';
import { type ClosingPlaces, type SheetPlaces, toClosingPlaces, toDatasetPlaces, toSheetPlaces } from './places.ts';
import { printReport } from './report/report.ts';
import { listPages, writePages } from './sheet/write.ts';

/** Closing is tried so often if other jobs close the dataset first; then the task is handed back. */
const MAX_TRIES = 5;
const TRY_AGAIN_MS = 200;

/** Dependencies of closeDataset. */
export interface CloseParts {
  store: Pick<ObjectStore, 'list' | 'listAll' | 'head' | 'read' | 'download' | 'write' | 'remove'>;
  operation: Pick<DescribedOperation, 'recipe' | 'approach' | 'toStats' | 'figures' | 'sheet'>;
  version: string;
  /** Local folder for the files while they are written. */
  folder: string;
  readJob: () => Promise<Job>;
  log: Log;
}

/** The result of closing a dataset. */
export interface Closing {
  rows: number;
  /** Rows reused from the previous index, and number of records read. */
  reused: number;
  read: number;
  warnings: string[];
}

/**
 * Writes index.jsonl, index.parquet and report.md of a dataset from its records, and a contact sheet if there are
 * thumbnails. Each is written only if it has not changed since before the records were listed, and the index last.
 * So the final index was listed after all others were written, and it has every record that they have.
 */
export async function closeDataset(
  parts: CloseParts,
  { outputUri, outputsBesideAssets }: { outputUri: string; outputsBesideAssets: boolean },
  signal: AbortSignal,
): Promise<Closing> {
  const layout = {
    outputUri,
    closing: toClosingPlaces(outputUri, outputsBesideAssets),
    sheet: toSheetPlaces(outputUri, outputsBesideAssets),
  };
  for (let tries = 1; ; tries++) {
    try {
      return await closeOnce(parts, layout, signal);
    } catch (error) {
      const lost = error instanceof CycloramaError && error.reason === 'precondition_failed';
      if (!lost || tries >= MAX_TRIES) throw error;
      parts.log.info({ tries }, 'another job closed the dataset first; closing it again');
      await pause(TRY_AGAIN_MS * tries, signal);
    }
  }
}

interface Layout {
  outputUri: string;
  closing: ClosingPlaces;
  sheet: SheetPlaces;
}

async function closeOnce(
  parts: CloseParts,
  { outputUri, closing, sheet }: Layout,
  signal: AbortSignal,
): Promise<Closing> {
  const { store, operation, folder } = parts;
  const places = toDatasetPlaces(outputUri);
  const before = {
    index: await store.head(closing.index, signal),
    parquet: await store.head(closing.parquet, signal),
    report: await store.head(closing.report, signal),
    sheet: operation.sheet && (await store.head(closing.sheet, signal)),
    pages: operation.sheet && (await listPages(store, sheet, signal)),
  };
  const previous = await fetchPrevious(parts, closing.index, before.index, signal);
  const [index, parquet] = [join(folder, 'index.jsonl'), join(folder, 'index.parquet')];
  const summary = createSummary(operation.figures);
  const finder = createColumnFinder();
  const onRow = (row: IndexRow): void => {
    summary.add(row);
    finder.see(row);
  };
  const counts = await buildIndex({ ...parts, places, toStats: operation.toStats, previous, onRow }, index, signal);
  const { columns, leftOut } = finder.columns();
  await writeParquet(parquet, readRows(index), columns, `cyclorama ${parts.version}`);
  const job = await parts.readJob();
  const time = new Date();
  const facts = {
    job,
    summary,
    counts,
    columns: columns.length,
    leftOut,
    time,
    hasSheet: operation.sheet !== undefined,
  };
  const report = printReport({ ...facts, ...operation, version: parts.version });

  const write = (place: S3Place, content: Content, contentType: string, existing: StoredObject | undefined) =>
    store.write(place, content, { condition: conditionOf(existing), contentType }, signal);
  await write(closing.parquet, { path: parquet }, 'application/vnd.apache.parquet', before.parquet);
  await write(closing.report, report, 'text/markdown; charset=utf-8', before.report);
  if (before.pages !== undefined) {
    const page = await writePages(parts, { job, time, index, closing, places: sheet, existing: before.pages }, signal);
    await write(closing.sheet, page, 'text/html; charset=utf-8', before.sheet);
  }
  await write(closing.index, { path: index }, 'application/x-ndjson', before.index);
  return { rows: summary.rows, reused: counts.reused, read: counts.read, warnings: warningsOf(counts) };
}

async function fetchPrevious(
  { store, folder, log }: CloseParts,
  place: S3Place,
  found: StoredObject | undefined,
  signal: AbortSignal,
): Promise<PreviousIndex | undefined> {
  const path = join(folder, 'previous.jsonl');
  await rm(path, { force: true });
  if (!found) return undefined;
  try {
    await store.download(place, path, { etag: found.etag, maxBytes: Number(found.sizeBytes) }, signal);
  } catch (error) {
    if (isDamage(error)) {
      log.warn({ index: place.key }, 'the existing index is damaged; building a new one');
      return undefined;
    }
    if (!(error instanceof CycloramaError) || error.reason !== 'asset_changed') throw error;
    throw new CycloramaError('precondition_failed', `'${place.key}' was written by another job`, { cause: error });
  }
  const previous = await openPrevious(path);
  if (!previous)
    log.warn({ index: place.key }, 'the existing index is not in the order of asset ids; building a new one');
  return previous;
}

function warningsOf({ unreadable }: BuildCounts): string[] {
  if (unreadable.length === 0) return [];
  return [`${unreadable.length} records cannot be read and have no row in the index, such as '${unreadable[0]}'`];
}
