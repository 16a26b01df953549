import type { IndexRow } from './row.ts';

/** The type of a column. `json` is a text, for lists of objects and for values of mixed kinds. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'texts' | 'json';

/** A column of the Parquet file. */
export interface Column {
  name: string;
  kind: ColumnKind;
}

/** More columns make a Parquet file hard to use; only index.jsonl has the further fields. */
const MAX_COLUMNS = 500;
const MAX_DEPTH = 5;
/** Integers from 2^53 on are not exact in JSON, so they count as numbers, not as counts. */
const isCount = (value: number): boolean => Number.isSafeInteger(value);

const FIXED: Column[] = [
  { name: 'asset_id', kind: 'text' },
  { name: 'uri', kind: 'text' },
  { name: 'key', kind: 'text' },
  { name: 'name', kind: 'text' },
  { name: 'size_bytes', kind: 'integer' },
  { name: 'etag', kind: 'text' },
  { name: 'outcome', kind: 'text' },
  { name: 'reason', kind: 'text' },
  { name: 'message', kind: 'text' },
  { name: 'stage', kind: 'text' },
  { name: 'warnings', kind: 'texts' },
  { name: 'outputs', kind: 'texts' },
  { name: 'seconds', kind: 'number' },
  { name: 'end_time', kind: 'time' },
  { name: 'attempt', kind: 'integer' },
  { name: 'worker_id', kind: 'text' },
  { name: 'device', kind: 'text' },
  { name: 'blender', kind: 'text' },
  { name: 'job_id', kind: 'text' },
  { name: 'fingerprint', kind: 'text' },
  { name: 'record_uri', kind: 'text' },
  { name: 'record_etag', kind: 'text' },
];

/** The value of one column in one row; a text for `json`. */
export type Cell = string | number | boolean | string[] | null;

/** Finds out from the rows which columns `stats` and `stage_seconds` need. */
export interface ColumnFinder {
  see(row: IndexRow): void;
  /** Returns all columns, the fixed ones first and the others by name, and the number of dropped fields. */
  columns(): { columns: Column[]; leftOut: number };
}

/** Makes a column finder. The kind of a field is the narrowest one that fits all its values. */
export function createColumnFinder(): ColumnFinder {
  const kinds = new Map<string, ColumnKind | 'empty'>();
  const leftOut = new Set<string>();
  return {
    see(row) {
      for (const [name, value] of flatten(row)) {
        const known = kinds.get(name);
        const fits = known !== undefined || kinds.size + FIXED.length < MAX_COLUMNS;
        if (fits) kinds.set(name, join(known, kindOf(value)));
        else if (leftOut.size < MAX_COLUMNS) leftOut.add(name);
      }
    },
    columns() {
      const found = [...kinds].map(([name, kind]): Column => ({ name, kind: kind === 'empty' ? 'texts' : kind }));
      found.sort((a, b) => (a.name < b.name ? -1 : 1));
      return { columns: [...FIXED, ...found], leftOut: leftOut.size };
    },
  };
}

/** Returns the cells of a row in the order of the columns. */
export function toCells(row: IndexRow, columns: Column[]): Cell[] {
  const found = new Map<string, unknown>(flatten(row));
  return columns.map(({ name, kind }, i) => {
    const value = i < FIXED.length ? row[name as keyof IndexRow] : found.get(name);
    return value === undefined || value === null ? null : toCell(value, kind);
  });
}

/** Names each field of `stats` and `stage_seconds`: stats.dimensions.x becomes stats_dimensions_x. */
function* flatten({ stats, stage_seconds }: IndexRow): Generator<[string, unknown]> {
  if (stats) yield* flattenInto('stats', stats, MAX_DEPTH);
  yield* flattenInto('seconds', stage_seconds, 1);
}

function* flattenInto(prefix: string, fields: object, depth: number): Generator<[string, unknown]> {
  for (const [field, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    const name = `${prefix}_${field}`;
    const isObject = typeof value === 'object' && !Array.isArray(value);
    if (isObject && depth > 1) yield* flattenInto(name, value, depth - 1);
    else yield [name, value];
  }
}

function kindOf(value: unknown): ColumnKind | 'empty' {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return isCount(value) ? 'integer' : 'number';
  if (!Array.isArray(value)) return 'json';
  if (value.length === 0) return 'empty';
  return value.every((element) => typeof element === 'string') ? 'texts' : 'json';
}

function join(known: ColumnKind | 'empty' | undefined, kind: ColumnKind | 'empty'): ColumnKind | 'empty' {
  if (known === undefined || known === kind) return kind;
  const both = new Set([known, kind]);
  if (both.has('integer') && both.has('number')) return 'number';
  if (both.has('empty') && both.has('texts')) return 'texts';
  return 'json';
}

function toCell(value: unknown, kind: ColumnKind): Cell {
  return kind === 'json' ? JSON.stringify(value) : (value as Cell);
}
