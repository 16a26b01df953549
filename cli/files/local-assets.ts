import { mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { gatherAsset } from '../../services/kernel/asset/dependencies.ts';
import { DEFAULT_TRIAGE_LIMITS } from '../../services/kernel/asset/limits.ts';
import { forEachBounded } from '../../services/kernel/concurrency.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { INTERNAL_FOLDER } from '../../services/kernel/uri.ts';
import { type LocalFile, listFiles } from './folder.ts';

/** Number of assets to read at a time. */
const WIDTH = 8;

/** The files of a folder that count as assets. */
export interface AssetQuery {
  /** Accepted endings, compared without regard to case. */
  suffixes: string[];
  /** Most assets, in key order; 0 means all. */
  limit: number;
}

/** The assets of a folder, and all files that must be sent for them. */
export interface LocalAssets {
  assets: LocalFile[];
  /** The assets and the files that they refer to, each once. */
  files: LocalFile[];
  /** Names of all files of the folder. */
  names: Set<string>;
}

/** Finds the assets below a folder and the files that they refer to. */
export async function findLocalAssets(folder: string, query: AssetQuery, signal: AbortSignal): Promise<LocalAssets> {
  const suffixes = query.suffixes.map((suffix) => suffix.toLowerCase());
  const names = new Set<string>();
  let assets: LocalFile[] = [];
  for await (const file of listFiles(folder)) {
    signal.throwIfAborted();
    names.add(file.name);
    const internal = `/${file.name}`.includes(`/${INTERNAL_FOLDER}`);
    if (!internal && suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix))) assets.push(file);
  }
  assets.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  if (query.limit > 0) assets = assets.slice(0, query.limit);
  const files = new Map(assets.map((file) => [file.name, file]));
  await forEachBounded(assets, WIDTH, async (asset) => {
    signal.throwIfAborted();
    for (const file of await referredFiles(asset)) files.set(file.name, file);
  });
  return { assets, files: [...files.values()], names };
}

/**
 * Finds the existing files that an asset refers to. It uses the code of a worker, which gathers the asset into an empty
 * folder, here with links. Faults of the asset are ignored here; its task reports them.
 */
export async function referredFiles(asset: LocalFile): Promise<LocalFile[]> {
  const found: LocalFile[] = [];
  const root = dirname(resolve(asset.path));
  const parent = asset.name.slice(0, asset.name.lastIndexOf('/') + 1);
  const scratch = await mkdtemp(join(tmpdir(), 'cyclorama-gather-'));
  try {
    const path = join(scratch, basename(asset.path));
    await symlink(resolve(asset.path), path);
    const fetch = async (uri: string, target: string): Promise<{ etag: string; size: number } | undefined> => {
      const size = await sizeOfFile(join(root, uri));
      if (size === undefined) return undefined;
      found.push({ path: join(root, uri), name: parent + uri, sizeBytes: size });
      await mkdir(dirname(target), { recursive: true });
      await symlink(join(root, uri), target);
      return { etag: '', size };
    };
    // The key is the bare name, so that the keys of referred files are paths relative to the asset's folder.
    const place = { bucket: 'local', key: basename(asset.path) };
    await gatherAsset({ path, name: basename(asset.path), place }, fetch, DEFAULT_TRIAGE_LIMITS);
  } catch (error) {
    if (!(error instanceof CycloramaError)) throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return found;
}

async function sizeOfFile(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
