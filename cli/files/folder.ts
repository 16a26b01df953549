import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, opendir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file to send; its name is the path below the folder, with slashes. */
export interface LocalFile {
  path: string;
  name: string;
  sizeBytes: number;
}

/** Lists the files below a folder, or the one file that a path names. It skips links to folders. */
export async function* listFiles(path: string): AsyncGenerator<LocalFile> {
  const found = await stat(path);
  if (!found.isDirectory()) {
    yield { path, name: relative(dirname(path), path), sizeBytes: found.size };
    return;
  }
  for await (const entry of await opendir(path, { recursive: true })) {
    if (!entry.isFile() && !entry.isSymbolicLink()) continue;
    const file = join(entry.parentPath, entry.name);
    const { size, isFile } = await describe(file);
    if (isFile) yield { path: file, name: relative(path, file).split(sep).join('/'), sizeBytes: size };
  }
}

/** Computes the hash of a file's content, hex. */
export async function hashOfFile(path: string, algorithm: 'md5' | 'sha256'): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Says why a key cannot become a file below a folder; undefined if it can. */
export function refuseName(name: string): string | undefined {
  const parts = name.split('/');
  if (name.includes('\0')) return 'it holds a zero byte';
  if (sep !== '/' && name.includes(sep)) return `it holds '${sep}'`;
  if (name.startsWith('/')) return "it starts with '/'";
  if (parts.includes('..')) return "it holds '..'";
  if (parts.includes('') || parts.includes('.')) return 'a part of it is empty or a dot';
  return undefined;
}

/**
 * Makes the folder for a file below `root` and returns the file's path.
 * Throws if an existing link would lead the file out of `root`.
 */
export async function prepareTarget(root: string, name: string): Promise<string> {
  const target = join(root, name);
  const base = await realpath(root);
  let existing = dirname(target);
  for (;;) {
    const real = await realpathOrNothing(existing);
    if (real === undefined) {
      existing = dirname(existing);
      continue;
    }
    if (real !== base && !real.startsWith(base.endsWith(sep) ? base : base + sep)) {
      throw new Error(`'${existing}' leads out of '${root}'`);
    }
    break;
  }
  await mkdir(dirname(target), { recursive: true });
  return target;
}

async function describe(path: string): Promise<{ size: number; isFile: boolean }> {
  try {
    const found = await stat(path);
    return { size: found.size, isFile: found.isFile() };
  } catch (error) {
    // The file is a broken link, or it was removed after the folder was read.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { size: 0, isFile: false };
    throw error;
  }
}

async function realpathOrNothing(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
