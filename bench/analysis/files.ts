import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file to be analysed. */
export interface AssetFile {
  path: string;
  bytes: number;
}

/** Lists the GLB files of a folder and of the folders in it, in order of size. */
export async function findGlbs(folder: string): Promise<AssetFile[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.glb'));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), bytes: (await stat(join(folder, name))).size })),
  );
  return files.sort((a, b) => a.bytes - b.bytes);
}
