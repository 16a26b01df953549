import { randomUUID } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { shortHash } from '../../services/kernel/dataset/fingerprint.ts';
import { invalidRequest } from '../../services/kernel/failure.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { type S3Place, toS3Uri } from '../../services/kernel/uri.ts';
import type { CommandContext } from '../connect/command-run.ts';
import { countOf, formatBytes } from '../terminal/figures.ts';
import type { LocalFile } from './folder.ts';
import { type AssetQuery, findLocalAssets, type LocalAssets, referredFiles } from './local-assets.ts';
import { putFiles } from './transfer.ts';

/** The local stack's bucket for single files and for the results of local sources. */
const LOCAL_BUCKET = 'cyclorama-local';

/** Longest part that a folder's name takes of its bucket's name, which may have 63 characters. */
const MAX_NAME = 40;

/** A single file is removed from the store within this time, even after Ctrl-C. */
const REMOVE_TIMEOUT_MS = 30_000;

/** A local file or folder in the local stack's store, where services read it. */
export interface PlacedSource {
  /** URI of the asset for a file, of the prefix for a folder. */
  uri: string;
  /** The prefix that holds the assets, ending with a slash. */
  prefixUri: string;
  /** Number of assets. */
  found: number;
  /** The accepted endings that the assets have. */
  suffixes: string[];
  /** Returns the output place for an operation with its settings, both named in one word. */
  outputUri(purpose: string): string;
  /** Returns the folder of an output place below which outputs have the names of their assets. */
  outputsBelow(outputUri: string): string;
  /** Returns the name of an asset or output relative to the local folder. */
  nameOf(uri: string): string;
}

type SourceContext = Pick<CommandContext, 'terminal' | 'connection' | 'signal'>;

/**
 * Puts a local file or folder into the running local stack's store and runs `body`.
 * A folder stays there, so that the next run sends and computes only what changed; a file is removed afterwards.
 */
export async function withLocalSource<T>(
  context: SourceContext,
  path: string,
  query: AssetQuery,
  body: (placed: PlacedSource, store: ObjectStore) => Promise<T>,
): Promise<T> {
  const { connection, signal } = context;
  const store = await connection.localStore();
  const real = await realpath(path);
  const isFolder = (await stat(real)).isDirectory();
  const found = isFolder ? await findLocalAssets(real, query, signal) : await singleAsset(real);
  if (found.assets.length === 0) {
    throw invalidRequest({ field: 'SOURCE', description: `'${path}' holds no ${query.suffixes.join(', ')} file` });
  }
  const assets = isFolder ? folderPlace(real) : { bucket: LOCAL_BUCKET, key: `${randomUUID()}/` };
  for (const bucket of new Set([LOCAL_BUCKET, assets.bucket])) await store.createBucket(bucket, signal);
  try {
    await send(context, store, found, assets);
    const placed = isFolder ? placedFolder(assets) : placedFile(assets, found.assets[0]!.name);
    const suffixes = endingsOf(found.assets, isFolder ? query.suffixes : [extname(real)]);
    return await body({ ...placed, found: found.assets.length, suffixes }, store);
  } finally {
    if (!isFolder) await removeAll(store, assets);
  }
}

type Placement = Omit<PlacedSource, 'found' | 'suffixes'>;

function placedFolder(assets: S3Place): Placement {
  const uri = toS3Uri(assets);
  const results = toS3Uri({ bucket: LOCAL_BUCKET, key: `${assets.bucket}/` });
  return {
    uri,
    prefixUri: uri,
    outputUri: (purpose) => `${results}${purpose}/`,
    outputsBelow: (outputUri) => outputUri,
    nameOf(named) {
      if (named.startsWith(uri)) return named.slice(uri.length);
      return named.startsWith(results) ? named.slice(named.indexOf('/', results.length) + 1) : named;
    },
  };
}

/** Places a file. Results lie below its prefix, to be removed with it; their names begin with the asset's whole key. */
function placedFile(assets: S3Place, name: string): Placement {
  const prefixUri = toS3Uri(assets);
  return {
    uri: prefixUri + name,
    prefixUri,
    outputUri: (purpose) => `${prefixUri}${purpose}/`,
    outputsBelow: (outputUri) => outputUri + assets.key,
    nameOf: (uri) => (uri.startsWith(prefixUri) ? uri.slice(uri.lastIndexOf('/') + 1) : uri),
  };
}

function endingsOf(assets: LocalFile[], suffixes: string[]): string[] {
  return suffixes.filter((suffix) => assets.some(({ name }) => name.toLowerCase().endsWith(suffix.toLowerCase())));
}

/** Names a folder's own bucket by the folder's name and a hash of its path. Its keys are the names in the folder. */
function folderPlace(real: string): S3Place {
  const name = basename(real)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_NAME);
  return { bucket: `local-${name}-${shortHash(real).slice(0, 12)}`.replace(/-+/g, '-'), key: '' };
}

async function singleAsset(path: string): Promise<LocalAssets> {
  const asset = { path, name: basename(path), sizeBytes: (await stat(path)).size };
  return { assets: [asset], files: [asset, ...(await referredFiles(asset))], names: new Set() };
}

/** Sends new and changed files, and removes those that are no longer in the folder. */
async function send(
  { terminal, signal }: SourceContext,
  store: ObjectStore,
  { files, names }: LocalAssets,
  place: S3Place,
): Promise<void> {
  const counts = { copied: 0, unchanged: 0 };
  let bytes = 0;
  const listener = {
    onFile({ outcome, sizeBytes }: { outcome: keyof typeof counts; sizeBytes: number }) {
      counts[outcome] += 1;
      if (outcome === 'copied') bytes += sizeBytes;
      terminal.status(() => `sending: ${counts.copied + counts.unchanged}/${files.length}, ${formatBytes(bytes)}`);
    },
    onRefused() {},
  };
  for await (const objects of store.listAll(place.bucket, place.key, signal)) {
    for (const { key } of objects) {
      if (!names.has(key.slice(place.key.length))) await store.remove({ bucket: place.bucket, key }, signal);
    }
  }
  await putFiles(store, files, place, listener, signal);
  terminal.status(undefined);
  if (names.size > 0) {
    const sent = `${countOf(counts.copied, 'file')} (${formatBytes(bytes)}) sent to ${toS3Uri(place)}`;
    terminal.note(`${sent}, ${counts.unchanged} there unchanged`);
  }
}

async function removeAll(store: ObjectStore, { bucket, key: prefix }: S3Place): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  for await (const objects of store.listAll(bucket, prefix, signal)) {
    for (const { key } of objects) await store.remove({ bucket, key }, signal);
  }
}
