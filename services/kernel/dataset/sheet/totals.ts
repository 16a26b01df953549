import type { IndexRow } from '../index/row.ts';
import { imagesOf } from '../index/row.ts';
import { type SheetRow, type SheetView, toSheetRow } from './row.ts';
import type { Keyed } from './sort.ts';

/** There are few different reasons. The limit protects against broken records. */
const MAX_REASONS = 500;

/** Totals of all rows of a sheet; they are complete after the last row. */
export interface SheetTotals {
  rows: number;
  images: number;
  warned: number;
  outcomes: Record<IndexRow['outcome'], number>;
  reasons: Map<string, number>;
  /** Common beginning of all URIs, which ends with a slash. */
  base: string;
}

/** Turns rows of the index into rows of a sheet, and adds them to `totals`. */
export async function* takeRows(
  rows: AsyncIterable<IndexRow>,
  view: SheetView,
  totals: SheetTotals,
): AsyncGenerator<Keyed<SheetRow>> {
  for await (const row of rows) {
    const value = toSheetRow(row, view);
    totals.base = totals.rows === 0 ? folderOf(row.uri) : commonBase(totals.base, row.uri);
    totals.rows++;
    totals.images += imagesOf(row);
    totals.outcomes[row.outcome]++;
    if (row.warnings.length > 0) totals.warned++;
    if (value.reason !== '') {
      if (!totals.reasons.has(value.reason) && totals.reasons.size >= MAX_REASONS) value.reason = 'other';
      totals.reasons.set(value.reason, (totals.reasons.get(value.reason) ?? 0) + 1);
    }
    yield { key: row.uri, value };
  }
}

/** Makes empty totals. */
export function createTotals(): SheetTotals {
  const outcomes = { succeeded: 0, failed: 0, skipped: 0 };
  return { rows: 0, images: 0, warned: 0, outcomes, reasons: new Map(), base: '' };
}

function commonBase(base: string, uri: string): string {
  if (uri.startsWith(base)) return base;
  let length = 0;
  while (length < base.length && base[length] === uri[length]) length++;
  return folderOf(base.slice(0, length));
}

function folderOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf('/') + 1);
}
