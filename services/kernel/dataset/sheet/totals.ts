import type { IndexRow } from '../index/row.ts';
import { imagesOf } from '../index/row.ts';
import { type SheetRow, type SheetView, toSheetRow } from './row.ts';
import type { Keyed } from './sort.ts';

/** Different reasons are few; a broken record must not make them many. */
const MAX_REASONS = 500;

/** What all rows of a sheet have in common; complete once every row went by. */
export interface SheetTotals {
  rows: number;
  images: number;
  warned: number;
  outcomes: Record<IndexRow['outcome'], number>;
  reasons: Map<string, number>;
  /** What all URIs begin with, up to a slash. */
  base: string;
}

/** Makes rows of a sheet from rows of the index, and adds them up in `totals`. */
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

/** Makes the totals of nothing. */
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
