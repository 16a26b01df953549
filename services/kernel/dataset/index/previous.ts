import { createReadStream } from 'node:fs';
import { toLines } from '../../store/lines.ts';
import { type IndexRow, ROW_START, ROW_VERSION } from './row.ts';
import type { IndexedRecord } from './shards.ts';

const NEWLINE = 10;
const ID = /^[0-9a-f]{32}"/;

/** The index of an earlier job, as a file. Its rows are reused if their records have not changed. */
export interface PreviousIndex {
  path: string;
  /** Byte range of the rows whose asset ids begin with the two digits of the key. */
  ranges: Map<string, { start: number; end: number }>;
}

/** Finds the byte ranges in an index; undefined if it is not in the order of asset ids, because then it is not ours. */
export async function openPrevious(path: string): Promise<PreviousIndex | undefined> {
  const ranges: PreviousIndex['ranges'] = new Map();
  let rest = Buffer.alloc(0);
  let offset = 0;
  let last = '';
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 ** 2 })) {
    const text = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, start)) {
      const id = text.toString('latin1', start + ROW_START.length, start + ROW_START.length + 33);
      if (!ID.test(id) || id <= last) return undefined;
      last = id;
      const digits = id.slice(0, 2);
      const range = ranges.get(digits) ?? { start: offset + start, end: 0 };
      ranges.set(digits, { ...range, end: offset + end + 1 });
      start = end + 1;
    }
    rest = text.subarray(start);
    offset += start;
  }
  return rest.length === 0 ? { path, ranges } : undefined;
}

/** Rows of an earlier index. The caller must ask for them in the order of asset ids. */
export interface PreviousRows {
  /** Returns the row of a record, as text and parsed, if it shows the current state of the record. */
  take(record: IndexedRecord, recordUri: string): Promise<{ line: string; row: IndexRow } | undefined>;
  close(): Promise<void>;
}

/** Opens the rows of the assets whose ids begin with `digits`, one or two of them. */
export function readPrevious(previous: PreviousIndex | undefined, digits: string): PreviousRows {
  const lines = previous ? linesOf(previous, digits) : undefined;
  let line: string | undefined;
  return {
    async take({ assetId, etag }, recordUri) {
      if (!lines) return undefined;
      const wanted = `${ROW_START}${assetId}"`;
      while (line === undefined || line.slice(0, wanted.length) < wanted) {
        const next = await lines.next();
        if (next.done) return undefined;
        line = next.value;
      }
      if (!line.startsWith(wanted)) return undefined;
      const row = parseRow(line);
      if (!row) return undefined;
      const same = row.row_version === ROW_VERSION && row.record_uri === recordUri && row.record_etag === etag;
      return same ? { line, row } : undefined;
    },
    close: async () => void (await lines?.return(undefined)),
  };
}

async function* linesOf({ path, ranges }: PreviousIndex, digits: string): AsyncGenerator<string, undefined> {
  const own = [...ranges].filter(([at]) => at.startsWith(digits)).map(([, range]) => range);
  if (own.length === 0) return undefined;
  const start = Math.min(...own.map((range) => range.start));
  const end = Math.max(...own.map((range) => range.end));
  for await (const lines of toLines(createReadStream(path, { start, end: end - 1 }))) yield* lines;
  return undefined;
}

/** Parses a row; undefined if it is damaged, so that it is made again. */
function parseRow(line: string): IndexRow | undefined {
  try {
    return JSON.parse(line) as IndexRow;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
