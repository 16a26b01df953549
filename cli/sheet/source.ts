import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { Readable as Stream } from 'node:stream';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { readWindows } from '../../services/kernel/store/lines.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import type { S3Place } from '../../services/kernel/uri.ts';

/** One file of a dataset. */
export interface SheetFile {
  sizeBytes: number;
  etag: string;
  open(signal: AbortSignal): Readable;
}

/** Finds a file below one folder by the parts of its path, which the caller has checked; undefined if there is none. */
export type SheetSource = (parts: string[], signal: AbortSignal) => Promise<SheetFile | undefined>;

/** Serves files below a prefix of a bucket. */
export function bucketSource(store: Pick<ObjectStore, 'head' | 'read'>, folder: S3Place): SheetSource {
  return async (parts, signal) => {
    const place = { bucket: folder.bucket, key: folder.key + parts.join('/') };
    const found = await store.head(place, signal);
    if (found === undefined) return undefined;
    const open = (until: AbortSignal): Readable => Stream.from(readWindows(store, place, until), { objectMode: false });
    return { sizeBytes: Number(found.sizeBytes), etag: found.etag, open };
  };
}

/** Serves files below a folder of this machine; it does not follow links that lead out of the folder. */
export async function folderSource(folder: string): Promise<SheetSource> {
  const root = await realpath(folder);
  return async (parts) => {
    // A file system reads two slashes in a row as one, which would be another asset's file.
    if (parts.includes('')) return undefined;
    const path = await realPath(join(root, ...parts));
    if (path === undefined || !path.startsWith(`${root}${sep}`)) return undefined;
    const { size, mtimeMs, isFile } = await statOf(path);
    return isFile ? { sizeBytes: size, etag: `${size}-${mtimeMs}`, open: () => createReadStream(path) } : undefined;
  };
}

async function statOf(path: string): Promise<{ size: number; mtimeMs: number; isFile: boolean }> {
  const found = await stat(path);
  return { size: found.size, mtimeMs: found.mtimeMs, isFile: found.isFile() };
}

async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CycloramaError('store_unavailable', `'${path}' cannot be read`, { cause: error });
  }
}
