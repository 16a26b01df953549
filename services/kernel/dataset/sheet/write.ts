import type { Job } from '../../../../gen/cyclorama/job/v1/job.ts';
import { forEachBounded } from '../../concurrency.ts';
import { conditionOf } from '../../store/condition.ts';
import type { ObjectStore, StoredObject } from '../../store/types.ts';
import { parseObjectUri, type S3Place, toS3Uri } from '../../uri.ts';
import type { DescribedOperation } from '../described.ts';
import { readRows } from '../index/build.ts';
import { type ClosingPlaces, type SheetPlaces, toDatasetPlaces } from '../places.ts';
import { readRecord } from '../records.ts';
import { printSheet } from './html.ts';
import { COMMON_FIGURES, relativeTo, type SheetRow } from './row.ts';
import { namesScript, rowsScript } from './script.ts';
import { sortByKey } from './sort.ts';
import { createTotals, takeRows } from './totals.ts';

const ROWS_PER_PAGE = 500;
const NAMES_PER_PART = 10_000;
const READS_AT_ONCE = 8;
/** Logs are read again at each closing. Only so many failures get one; the others have a link to the record. */
const MAX_LOGS = 5000;
const LOG_LINES = 40;
const LOG_CHARACTERS = 300;
const SCRIPT = 'text/javascript; charset=utf-8';

/** Dependencies of writePages. */
export interface SheetParts {
  store: Pick<ObjectStore, 'read' | 'write' | 'remove'>;
  operation: Pick<DescribedOperation, 'figures' | 'sheet'>;
  version: string;
  /** Local folder for the files of sorting. */
  folder: string;
}

/** Facts of the sheet. */
export interface SheetFacts {
  job: Job;
  time: Date;
  /** Path of the local file of the index. */
  index: string;
  closing: ClosingPlaces;
  places: SheetPlaces;
  /** Pages that existed before the records were listed, by key. */
  existing: ReadonlyMap<string, StoredObject>;
}

/** Lists the existing pages of a sheet. */
export async function listPages(
  store: Pick<ObjectStore, 'listAll'>,
  { pages: { bucket, key } }: SheetPlaces,
  signal: AbortSignal,
): Promise<Map<string, StoredObject>> {
  const listed = (await Array.fromAsync(store.listAll(bucket, key, signal))).flat();
  return new Map(listed.map((object) => [object.key, object]));
}

/**
 * Writes the pages of a dataset's contact sheet in the order of URIs, and removes pages that are not needed any more.
 * Returns the content of index.html, which the caller must write after them. Holds a few thousand rows in memory.
 */
export async function writePages(parts: SheetParts, facts: SheetFacts, signal: AbortSignal): Promise<string> {
  const { job, time, closing, places } = facts;
  const { thumbnail } = toDatasetPlaces(job.outputUri);
  const folderUri = toS3Uri(places.folder);
  const figures = parts.operation.figures ?? [];
  const view = { folderUri, thumbnailUri: (id: string) => toS3Uri(thumbnail(id)), figures };
  const totals = createTotals();
  const stamp = `${job.jobId.slice(0, 8)}-${time.getTime().toString(36)}`;
  const writer = createWriter(parts.store, facts, signal);
  const logs = createLogReader(parts.store, signal);
  let [page, part]: [SheetRow[], SheetRow[]] = [[], []];
  const writePage = async (): Promise<void> => {
    await writer.write('rows', (index) => logs.of(page).then((found) => rowsScript({ stamp, index }, page, found)));
    page = [];
  };
  const writePart = async (): Promise<void> => {
    const reasons = [...totals.reasons.keys()];
    await writer.write('names', (index) => namesScript({ stamp, index }, part, totals.base, reasons));
    part = [];
  };
  for await (const row of sortByKey(takeRows(readRows(facts.index), view, totals), parts.folder)) {
    signal.throwIfAborted();
    page.push(row);
    part.push(row);
    if (page.length === ROWS_PER_PAGE) await writePage();
    if (part.length === NAMES_PER_PART) await writePart();
  }
  if (page.length > 0) await writePage();
  if (part.length > 0) await writePart();
  await writer.removeOthers();
  const below = (place: S3Place): string => relativeTo(folderUri, toS3Uri(place));
  return printSheet({
    ...totals,
    reasons: [...totals.reasons].map(([name, count]) => ({ name, count })),
    stamp,
    outputUri: job.outputUri,
    operation: job.operation,
    spec: job.spec ?? {},
    time: time.toISOString(),
    jobId: job.jobId,
    version: parts.version,
    tiles: parts.operation.sheet?.tiles(job.spec ?? {}) ?? [],
    figures: [...COMMON_FIGURES, ...figures],
    rowsPerPage: ROWS_PER_PAGE,
    namesPerPart: NAMES_PER_PART,
    pages: below(places.pages),
    thumbnails: below(places.thumbnails),
    files: [closing.report, closing.index, closing.parquet].map(below),
  });
}

/** Makes the writer of the scripts; it writes each only if nobody has changed it since it was listed. */
function createWriter(store: SheetParts['store'], { places, existing }: SheetFacts, signal: AbortSignal) {
  const counts = { rows: 0, names: 0 };
  const written = new Set<string>();
  return {
    async write(kind: keyof typeof counts, toText: (index: number) => string | Promise<string>): Promise<void> {
      const index = counts[kind]++;
      const { bucket, key: folder } = places.pages;
      const key = `${folder}${kind}-${String(index).padStart(5, '0')}.js`;
      const condition = conditionOf(existing.get(key));
      await store.write({ bucket, key }, await toText(index), { condition, contentType: SCRIPT }, signal);
      written.add(key);
    },
    async removeOthers(): Promise<void> {
      const others = [...existing.keys()].filter((key) => !written.has(key));
      for (const key of others) await store.remove({ bucket: places.pages.bucket, key }, signal);
    },
  };
}

/** Makes the reader of the log tails of failures; it reads at most MAX_LOGS records. */
function createLogReader(store: SheetParts['store'], signal: AbortSignal) {
  let left = MAX_LOGS;
  return {
    async of(rows: SheetRow[]): Promise<Map<string, string[]>> {
      const failed = rows.filter(({ outcome }) => outcome === 'failed').slice(0, left);
      left -= failed.length;
      const logs = new Map<string, string[]>();
      await forEachBounded(failed, READS_AT_ONCE, async ({ id, recordUri }) => {
        const found = await readRecord(store, parseObjectUri(recordUri, 'record_uri'), signal);
        const log = found?.result?.failure?.logTail ?? [];
        logs.set(
          id,
          log.slice(-LOG_LINES).map((line) => line.slice(0, LOG_CHARACTERS)),
        );
      });
      return logs;
    },
  };
}
