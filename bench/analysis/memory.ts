import { descendants, residentBytes } from '../../services/kernel/blender/tree.ts';
import { markdownTable, quantile, slope } from '../figures.ts';
import type { AssetFile } from './files.ts';
import { openWarmPool } from './warm-pool.ts';

const LOOK_EVERY = 50;
/** Number of assets after which allocator and caches have their size. */
const SETTLED_AFTER = 100;

/** Has one Blender inspect some assets, file after file; returns a report of its memory. */
export async function watchMemory(files: AssetFile[], assets: number): Promise<string> {
  const pool = await openWarmPool(Number.POSITIVE_INFINITY);
  try {
    const points = [{ x: 0, y: await readMib(pool.pids()) }];
    let failed = 0;
    for (let asset = 1; asset <= assets; asset++) {
      // A file that Blender refuses counts as an asset, too.
      await pool.inspect(files[asset % files.length]!.path).catch(() => failed++);
      if (asset % LOOK_EVERY === 0) points.push({ x: asset, y: await readMib(pool.pids()) });
    }
    const settled = points.filter(({ x }) => x >= SETTLED_AFTER);
    const [least, most] = [0, 1].map((q) =>
      quantile(
        settled.map(({ y }) => y),
        q,
      ),
    ) as [number, number];
    const rows = [points.map(({ x }) => String(x)), points.map(({ y }) => y.toFixed(0))];
    const run = `${assets} assets in one process (${failed} refused, ${pool.restarts()} restarts)`;
    const range = `${least.toFixed(0)} to ${most.toFixed(0)} MiB`;
    const growth = `slope ${(slope(settled) * 1024).toFixed(1)} KiB an asset`;
    return [
      markdownTable([
        ['assets', ...rows[0]!],
        ['Blender, MiB', ...rows[1]!],
      ]),
      '',
      `- ${run}; after the first ${SETTLED_AFTER}: ${range}, ${growth}`,
    ].join('\n');
  } finally {
    await pool.close();
  }
}

async function readMib(pids: number[]): Promise<number> {
  const all = (await Promise.all(pids.map(async (pid) => [pid, ...(await descendants(pid))]))).flat();
  return (await residentBytes(all)) / 2 ** 20;
}
