import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { CycloramaError } from '../failure.ts';
import { readWindows, toLines } from '../store/lines.ts';
import type { ObjectStore } from '../store/types.ts';
import { toSuffixes } from '../suffixes.ts';
import { parseObjectUri, type S3Place, toS3Uri } from '../uri.ts';
import { type Inventory, parseInventory, parseInventoryRow } from './inventory.ts';
import { MAX_ASSETS } from './manifest.ts';
import { createUriSet } from './uri-set.ts';

const MAX_MANIFEST_BYTES = 64 * 1024 ** 2;

/**
 * Reads the assets that an S3 Inventory names, each once, some at a time, holding 8 to 32 bytes for each.
 * Those without an ETag are still to be looked up.
 */
export async function* readInventory(
  store: Pick<ObjectStore, 'head' | 'read'>,
  manifest: { uri: string; suffixes: string[] },
  signal: AbortSignal,
): AsyncGenerator<Asset[]> {
  const { bucket, key } = parseObjectUri(manifest.uri, 'source.manifest.uri');
  const found = await store.read({ bucket, key }, MAX_MANIFEST_BYTES, signal);
  if (!found) throw new CycloramaError('asset_not_found', `inventory '${manifest.uri}' does not exist`);
  const inventory = parseInventory(found.body.toString('utf8'), manifest.uri, bucket);
  const suffixes = toSuffixes(manifest.suffixes);
  const seen = createUriSet();
  for (const file of inventory.files) {
    for await (const rows of readRows(store, { bucket, key: file.key }, inventory, suffixes, signal)) {
      const assets = rows.filter(({ uri }) => seen.add(uri));
      if (seen.size > MAX_ASSETS)
        throw new CycloramaError('too_many_assets', `'${manifest.uri}' names over ${MAX_ASSETS} assets; split it`);
      if (assets.length > 0) yield assets;
    }
  }
}

/** Reads the assets of one file of an inventory. */
async function* readRows(
  store: Pick<ObjectStore, 'head' | 'read'>,
  place: S3Place,
  inventory: Inventory,
  suffixes: string[],
  signal: AbortSignal,
): AsyncGenerator<Asset[]> {
  let number = 0;
  try {
    for await (const lines of toLines(gunzip(readWindows(store, place, signal)))) {
      const assets: Asset[] = [];
      for (const line of lines) {
        number++;
        const asset = line === '' ? undefined : parseInventoryRow(line, inventory, suffixes);
        if (asset) assets.push(asset);
      }
      yield assets;
    }
  } catch (cause) {
    throw toInventoryError(cause, place, number);
  }
}

/** Unpacks a stream; a failure of the stream itself is thrown unchanged. */
async function* gunzip(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpacked = createGunzip();
  const feeding = pipeline(packed, unpacked);
  // Reading `unpacked` throws what feeding it threw.
  feeding.catch(() => undefined);
  yield* unpacked as AsyncIterable<Buffer>;
}

/** Turns an error in the content of a file into a fault of the inventory; other errors stay unchanged. */
function toInventoryError(cause: unknown, place: S3Place, number: number): unknown {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const reason = cause instanceof CycloramaError ? cause.reason : undefined;
  const isContent =
    /^Z_/.test(code) ||
    reason === 'invalid_request' ||
    reason === 'precondition_failed' ||
    (reason === undefined &&
      (cause instanceof SyntaxError || cause instanceof RangeError || cause instanceof URIError));
  if (!isContent) return cause;
  const what = reason === 'precondition_failed' ? 'was overwritten while it was read' : `row ${number}: ${message}`;
  return new CycloramaError('manifest_invalid', `'${toS3Uri(place)}', a file of an inventory: ${what}`, { cause });
}
