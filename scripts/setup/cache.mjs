import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.mjs';

const STAMP = '.complete';

/** Returns the folder of Python environments and server binaries, by version or content hash. It outlives the clone. */
export function cacheDir(env = process.env) {
  if (env.CYCLORAMA_CACHE_DIR) return env.CYCLORAMA_CACHE_DIR;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cyclorama');
}

/** Hashes some texts to a short name for a folder. */
export function contentKey(...texts) {
  return createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 12);
}

/** Returns whether an entry of the cache was installed completely. */
export function isInstalled(name) {
  return existsSync(join(cacheDir(), name, STAMP));
}

/**
 * Installs an entry of the cache once: `install(folder)` fills an empty folder, and a stamp then makes it valid.
 * Files of an interrupted set-up are removed first.
 */
export async function installOnce(name, install, onWait) {
  const folder = join(cacheDir(), name);
  if (isInstalled(name)) return folder;
  return withLock(
    `${folder}.lock`,
    async () => {
      if (isInstalled(name)) return folder;
      await removeTree(folder);
      mkdirSync(folder, { recursive: true });
      await install(folder);
      writeFileSync(join(folder, STAMP), `${new Date().toISOString()}\n`);
      return folder;
    },
    { onWait },
  );
}

/** Removes a folder, even if directories in it are read-only, as in Go's module cache. */
export async function removeTree(folder) {
  if (!existsSync(folder)) return;
  await makeWritable(folder);
  rmSync(folder, { recursive: true, force: true });
}

async function makeWritable(folder) {
  if (process.getuid?.() === 0) return;
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
