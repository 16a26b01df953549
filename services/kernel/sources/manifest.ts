import { CycloramaError } from '../failure.ts';
import { readObjectLines } from '../store/lines.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseObjectUri } from '../uri.ts';
import { parseFilter } from './filter.ts';
import { createRowFilter, type Row, type RowFilter } from './filter-match.ts';
import { createUriSet } from './uri-set.ts';

/** No job takes more assets than this. */
export const MAX_ASSETS = 10_000_000;

/** The file that names the assets, and the filter for its rows. */
export interface Manifest {
  uri: string;
  filter: string;
}

/**
 * Reads the assets that a manifest names, each once, in its order, some at a time; from an index, the rows that pass
 * the filter. Holds 8 to 32 bytes for each asset. One that is overwritten meanwhile is read again: what is new in it
 * comes last.
 */
export async function* readManifest(
  store: Pick<ObjectStore, 'head' | 'read'>,
  { uri, filter }: Manifest,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  const place = parseObjectUri(uri, 'source.manifest.uri');
  const rows = filter === '' ? undefined : createRowFilter(parseFilter(filter, 'source.manifest.filter'));
  const seen = createUriSet();
  let number = 0;
  for await (const lines of readObjectLines(store, place, signal)) {
    if (lines === undefined) {
      number = 0;
      continue;
    }
    const uris: string[] = [];
    for (const line of lines) {
      const found = readManifestLine(line, ++number, uri, rows);
      if (found !== undefined && seen.add(found)) uris.push(found);
    }
    if (seen.size > MAX_ASSETS)
      throw new CycloramaError('too_many_assets', `'${uri}' names over ${MAX_ASSETS} assets; split it`);
    if (uris.length > 0) yield uris;
  }
  refuseVainFilter(rows, uri);
}

/** Refuses a filter that compares a field or a kind of value that no row has. */
export function refuseVainFilter(rows: RowFilter | undefined, uri: string): void {
  const lacking = rows?.lacking() ?? [];
  if (lacking.length === 0) return;
  const missing = lacking.map((what) => `no row of '${uri}' has ${what}`).join('; ');
  throw new CycloramaError('manifest_invalid', `${missing}; expected a field of the index and a value of its kind`);
}

/** Reads the asset of one line; undefined for an empty line, a comment, and a row that does not pass the filter. */
function readManifestLine(line: string, number: number, uri: string, rows: RowFilter | undefined): string | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const refuse = (expected: string, cause?: unknown): CycloramaError =>
    new CycloramaError(
      'manifest_invalid',
      `line ${number} of '${uri}' is '${line.slice(0, 200)}'; expected ${expected}`,
      {
        cause,
      },
    );
  const row = line.startsWith('{') ? parseRow(line) : undefined;
  if (line.startsWith('{') && typeof row?.uri !== 'string') throw refuse('a row of an index, with the field uri');
  if (rows && !row) throw refuse('a row of an index, since there is a filter');
  if (rows && !rows.matches(row!)) return undefined;
  const asset = row ? (row.uri as string) : line;
  try {
    parseObjectUri(asset, 'line');
  } catch (cause) {
    throw refuse('s3://bucket/key', cause);
  }
  return asset;
}

function parseRow(line: string): Row | undefined {
  try {
    return JSON.parse(line) as Row;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
