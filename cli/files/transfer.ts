import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { forEachBounded } from '../../services/kernel/concurrency.ts';
import type { ObjectStore, StoredObject } from '../../services/kernel/store/types.ts';
import { type S3Place, toS3Uri } from '../../services/kernel/uri.ts';
import { printable } from '../terminal/printable.ts';
import { contentTypeOf } from './content-type.ts';
import { hashOfFile, type LocalFile, prepareTarget, refuseName } from './folder.ts';

/** Number of transfers at a time. */
const WIDTH = 8;

/** Is called for each file of a transfer. */
export interface TransferListener {
  onFile(file: { uri: string; path: string; sizeBytes: number; outcome: 'copied' | 'unchanged' }): void;
  onRefused(uri: string, why: string): void;
}

type PutStore = Pick<ObjectStore, 'listAll' | 'head' | 'write'>;
type GetStore = Pick<ObjectStore, 'head' | 'download'>;

/** Sends files to keys below the place's; it skips files that are unchanged there. */
export async function putFiles(
  store: PutStore,
  files: Iterable<LocalFile> | AsyncIterable<LocalFile>,
  place: S3Place,
  listener: TransferListener,
  signal: AbortSignal,
): Promise<void> {
  const present = new Map<string, StoredObject>();
  for await (const objects of store.listAll(place.bucket, place.key, signal)) {
    for (const object of objects) present.set(object.key, object);
  }
  await forEachBounded(files, WIDTH, async (file) => {
    signal.throwIfAborted();
    const target = { bucket: place.bucket, key: place.key + file.name };
    const uri = toS3Uri(target);
    const { path, sizeBytes } = file;
    if (await isUnchanged(store, target, present.get(target.key), path, sizeBytes, signal)) {
      return listener.onFile({ uri, path, sizeBytes, outcome: 'unchanged' });
    }
    await store.write(target, { path }, { condition: 'always', contentType: contentTypeOf(path) }, signal);
    listener.onFile({ uri, path, sizeBytes, outcome: 'copied' });
  });
}

/**
 * Fetches objects into a folder; a file's name is the object's key after the place's key.
 * It refuses keys that would be written outside the folder.
 */
export async function getObjects(
  store: GetStore,
  objects: Iterable<StoredObject> | AsyncIterable<StoredObject>,
  place: S3Place,
  folder: string,
  listener: TransferListener,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await forEachBounded(objects, WIDTH, async (object) => {
    signal.throwIfAborted();
    const uri = toS3Uri({ bucket: place.bucket, key: object.key });
    const name = object.key.slice(place.key.length);
    const refused = refuseName(name);
    if (refused !== undefined) {
      return listener.onRefused(uri, `'${printable(name)}' cannot be a file name: ${refused}`);
    }
    let target: string;
    try {
      target = await prepareTarget(folder, name);
    } catch (error) {
      return listener.onRefused(uri, (error as Error).message);
    }
    const sizeBytes = Number(object.sizeBytes);
    const from = { bucket: place.bucket, key: object.key };
    if (await isUnchanged(store, from, object, target, await sizeOf(target), signal)) {
      return listener.onFile({ uri, path: target, sizeBytes, outcome: 'unchanged' });
    }
    await download(store, from, object, target, signal);
    listener.onFile({ uri, path: target, sizeBytes, outcome: 'copied' });
  });
}

/** Lists the objects below a place, without keys that end with a slash, which mark folders. */
export async function* listObjects(
  store: Pick<ObjectStore, 'listAll'>,
  place: S3Place,
  signal: AbortSignal,
): AsyncGenerator<StoredObject> {
  for await (const objects of store.listAll(place.bucket, place.key, signal)) {
    for (const object of objects) if (!object.key.endsWith('/')) yield object;
  }
}

/** Downloads beside the target and renames, so that the file is never partial and an existing link is replaced. */
async function download(
  store: GetStore,
  from: S3Place,
  object: StoredObject,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const draft = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    await store.download(from, draft, { etag: object.etag, maxBytes: Number(object.sizeBytes) }, signal);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Compares a file with an object by size, then by MD5, then by the SHA-256 that objects written by Cyclorama carry.
 * The ETag is the MD5 unless the object was uploaded in parts or is encrypted with a KMS key.
 */
async function isUnchanged(
  store: Pick<ObjectStore, 'head'>,
  place: S3Place,
  object: StoredObject | undefined,
  path: string,
  sizeBytes: number | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (object === undefined || sizeBytes !== Number(object.sizeBytes)) return false;
  if (object.etag === (await hashOfFile(path, 'md5'))) return true;
  const sha256 = (await store.head(place, signal))?.sha256;
  return sha256 !== undefined && sha256 === (await hashOfFile(path, 'sha256'));
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
