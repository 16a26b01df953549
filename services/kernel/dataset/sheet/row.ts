import type { Figure } from '../described.ts';
import type { IndexRow } from '../index/row.ts';

/** Longest failure message that a page keeps, in characters. */
const MAX_MESSAGE = 1000;
const MAX_WARNINGS = 20;
const MAX_WARNING = 300;

/** One asset in the contact sheet. Rows are sorted by `uri`. */
export interface SheetRow {
  uri: string;
  id: string;
  outcome: IndexRow['outcome'];
  reason: string;
  /** Values of seconds, size and the operation's figures, in this order; null if there is none. */
  figures: (number | null)[];
  /** Common folder of the outputs, relative to index.html; `files` are their paths in it. */
  folder: string;
  files: string[];
  thumbnail: boolean;
  endTime: string;
  attempt: number;
  device: string;
  stages: { [stage: string]: number };
  message: string;
  stage: string;
  warnings: string[];
  /** URI of the record, set only for failures and skips; `record` is its path relative to index.html. */
  recordUri: string;
  record: string;
}

/** The place of the sheet, from which its paths are relative, and the figures that it shows. */
export interface SheetView {
  /** `s3://bucket/folder/` of index.html. */
  folderUri: string;
  thumbnailUri: (assetId: string) => string;
  figures: Figure[];
}

/** Figures of every sheet, which come before those of its operation. */
export const COMMON_FIGURES: Figure[] = [
  { field: 'seconds', title: 'Seconds', unit: 'seconds' },
  { field: 'size_bytes', title: 'Size', unit: 'bytes' },
];

/** Makes the sheet's row of an asset from its row in the index. */
export function toSheetRow(row: IndexRow, view: SheetView): SheetRow {
  const thumbnail = view.thumbnailUri(row.asset_id);
  const outputs = row.outputs.filter((uri) => uri !== thumbnail).map((uri) => relativeTo(view.folderUri, uri));
  const folder = commonFolder(outputs);
  const failed = row.outcome !== 'succeeded';
  return {
    uri: row.uri,
    id: row.asset_id,
    outcome: row.outcome,
    reason: row.reason ?? '',
    figures: [
      toFigure(workSeconds(row)),
      row.size_bytes,
      ...view.figures.map(({ field }) => toFigure(row.stats?.[field])),
    ],
    folder,
    files: outputs.map((output) => output.slice(folder.length)),
    thumbnail: row.outputs.includes(thumbnail),
    endTime: row.end_time ?? '',
    attempt: row.attempt,
    device: row.device,
    stages: row.stage_seconds,
    message: (row.message ?? '').slice(0, MAX_MESSAGE),
    stage: row.stage ?? '',
    warnings: row.warnings.slice(0, MAX_WARNINGS).map((warning) => warning.slice(0, MAX_WARNING)),
    recordUri: failed ? row.record_uri : '',
    record: failed ? relativeTo(view.folderUri, row.record_uri) : '',
  };
}

/** Returns the path of an object relative to a folder of the same bucket, not encoded; otherwise the whole URI. */
export function relativeTo(folderUri: string, uri: string): string {
  if (uri.startsWith(folderUri)) return uri.slice(folderUri.length);
  const [from, to] = [folderUri.split('/').slice(0, -1), uri.split('/')];
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  // The first three parts are `s3:`, an empty one and the bucket.
  return same < 3 ? uri : '../'.repeat(from.length - same) + to.slice(same).join('/');
}

/** Returns the time of the work itself, without the wait for a Blender, which the asset does not cause. */
function workSeconds({ seconds, stage_seconds: { wait = 0 } }: IndexRow): number {
  return Math.max(0, seconds - wait);
}

function commonFolder(paths: string[]): string {
  const first = paths[0] ?? '';
  let length = first.lastIndexOf('/') + 1;
  while (length > 0 && !paths.every((path) => path.startsWith(first.slice(0, length)))) {
    length = first.lastIndexOf('/', length - 2) + 1;
  }
  return first.slice(0, length);
}

/** Rounds a figure to four digits, which is enough for a sheet; whole numbers stay exact. */
function toFigure(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
