import { z } from 'zod';
import { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { CycloramaError } from '../failure.ts';
import { fromListedKey } from '../store/listed-key.ts';
import { isAsset } from '../suffixes.ts';
import { parseObjectUri, toS3Uri } from '../uri.ts';

const manifestSchema = z.object({
  sourceBucket: z.string().min(1),
  destinationBucket: z.string().min(1),
  fileFormat: z.string(),
  fileSchema: z.string(),
  files: z.array(z.object({ key: z.string().min(1) })),
});

const COLUMNS = ['Bucket', 'Key', 'IsLatest', 'IsDeleteMarker', 'Size', 'LastModifiedDate', 'ETag'] as const;
type Column = (typeof COLUMNS)[number];

/** The files and columns of an S3 Inventory: gzipped CSV without a header line. */
export interface Inventory {
  sourceBucket: string;
  files: { key: string }[];
  /** The positions, in a row, of the columns that we read. */
  columns: Partial<Record<Column, number>>;
}

/** Returns whether a manifest is that of an S3 Inventory: they all have this name. */
export function isInventory(uri: string): boolean {
  return /[/]manifest\.json$/.test(uri);
}

/** Reads the manifest of an S3 Inventory that lies in `bucket`; anything but CSV is refused. */
export function parseInventory(text: string, uri: string, bucket: string): Inventory {
  const refuse = (what: string, cause?: unknown): CycloramaError =>
    new CycloramaError('manifest_invalid', `inventory '${uri}' ${what}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refuse('is no JSON; expected the manifest.json of an S3 Inventory', cause);
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => `'${path.join('.')}'`).join(', ');
    throw refuse(`lacks ${fields || 'every field'}; expected the manifest.json of an S3 Inventory`);
  }
  const { sourceBucket, destinationBucket, fileFormat, fileSchema, files } = parsed.data;
  if (fileFormat.toUpperCase() !== 'CSV') throw refuse(`is in ${fileFormat}; expected one in CSV`);
  // A manifest must not make us read, with our rights, a bucket that the job does not name.
  if (destinationBucket.replace(/^arn:[^:]*:s3:::/, '') !== bucket) {
    throw refuse(`has its files in '${destinationBucket}'; expected them in '${bucket}', where it lies itself`);
  }
  const names = fileSchema.split(',').map((name) => name.trim());
  const found = COLUMNS.map((column) => [column, names.indexOf(column)] as const).filter(([, at]) => at >= 0);
  const columns: Inventory['columns'] = Object.fromEntries(found);
  if (columns.Key === undefined) throw refuse(`has the columns '${fileSchema}'; expected Key among them`);
  return { sourceBucket, files, columns };
}

/**
 * Reads the asset of a row; undefined if the row is no asset, an older version or deleted. Without the columns Size and
 * ETag the asset has no ETag.
 */
export function parseInventoryRow(line: string, inventory: Inventory, suffixes: string[]): Asset | undefined {
  const fields = splitRow(line);
  const field = (column: Column): string | undefined => {
    const at = inventory.columns[column];
    return at === undefined ? undefined : fields[at];
  };
  if (field('IsLatest') === 'false' || field('IsDeleteMarker') === 'true') return undefined;
  const key = fromListedKey(field('Key') ?? '', 'url');
  if (!isAsset(key, suffixes)) return undefined;
  const uri = toS3Uri({ bucket: field('Bucket') ?? inventory.sourceBucket, key });
  parseObjectUri(uri, 'Key');
  const etag = field('ETag')?.replaceAll('"', '');
  const size = field('Size');
  if (!etag || !size) return Asset.fromPartial({ uri });
  const changed = field('LastModifiedDate');
  return { uri, etag, sizeBytes: BigInt(size), lastModifyTime: changed ? readDate(changed) : undefined };
}

/** Splits one row of CSV into fields. Keys are URL-encoded, so no field spans lines. */
function splitRow(line: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let end = ','; end === ','; ) {
    const match = pattern.exec(line);
    if (!match) throw new SyntaxError(`the row cannot be split at character ${pattern.lastIndex}`);
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    end = match[3]!;
  }
  return fields;
}

function readDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new RangeError(`'${text}' is no date`);
  return date;
}
