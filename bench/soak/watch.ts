import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, residentBytes } from '../../services/kernel/blender/tree.ts';
import { filesBelow } from '../../test/support/stacks/faults-leftovers.ts';
import { quantile } from '../figures.ts';

const LOOK_MS = 500;

/** One look at a worker; sizes are in bytes. */
export interface Look {
  /** Milliseconds since the watch began. */
  atMs: number;
  /** Number of assets with a record. */
  done: number;
  /** The process id of Blender; 0 while there is none. */
  blenderPid: number;
  blender: number;
  imaging: number;
  worker: number;
  scratch: number;
}

/** The caller hands in the worker's process and scratch folder to look at, and how to count the finished assets. */
export interface Watched {
  workerPid: number;
  scratch: string;
  countDone: () => number;
}

/** Looks at a worker with one slot twice a second until the signal aborts; returns all looks. */
export async function watchWorker(watched: Watched, signal: AbortSignal): Promise<Look[]> {
  const looks: Look[] = [];
  const start = performance.now();
  while (!signal.aborted) {
    looks.push(await look(watched, performance.now() - start));
    await sleep(LOOK_MS);
  }
  return looks;
}

async function look({ workerPid, scratch, countDone }: Watched, atMs: number): Promise<Look> {
  const family = (await descendants(workerPid)).map((pid) => ({ pid, command: commandOf(pid) }));
  const pythons = family.filter(({ command }) => /python/.test(command[0] ?? '') && command.includes('-m'));
  const [imaging, blender] = [true, false].map(
    (wanted) => pythons.find(({ command }) => command.includes('imaging') === wanted)?.pid ?? 0,
  ) as [number, number];
  const [worker, blenderBytes, imagingBytes] = await Promise.all(
    [workerPid, blender, imaging].map((pid) => residentBytes(pid === 0 ? [] : [pid])),
  );
  return {
    atMs,
    done: countDone(),
    blenderPid: blender,
    blender: blenderBytes!,
    imaging: imagingBytes!,
    worker: worker!,
    scratch: bytesBelow(scratch),
  };
}

/** The looks while the assets `from` to `to` were done, as one row of a table. */
export interface Window {
  from: number;
  to: number;
  assetsPerSecond: number;
  /** The ids of the Blender processes that were seen. */
  blenders: number[];
  /** `median` and `most` are the median and the greatest size, in bytes, of each process and of scratch. */
  median: Record<'blender' | 'imaging' | 'worker', number>;
  most: Record<'blender' | 'imaging' | 'worker' | 'scratch', number>;
}

/** Cuts looks into windows of `size` assets each. */
export function toWindows(looks: readonly Look[], size: number): Window[] {
  const groups = [...Map.groupBy(looks, ({ done }) => Math.floor(done / size))];
  return groups.map(([, group], index) => {
    const next = groups[index + 1]?.[1][0] ?? group.at(-1)!;
    const [first] = group as [Look];
    const column = (name: keyof Look, q: number): number =>
      quantile(
        group.map((one) => one[name]),
        q,
      );
    return {
      from: first.done,
      to: next.done,
      assetsPerSecond: (1000 * (next.done - first.done)) / (next.atMs - first.atMs),
      blenders: [...new Set(group.map(({ blenderPid }) => blenderPid).filter((pid) => pid > 0))],
      median: { blender: column('blender', 0.5), imaging: column('imaging', 0.5), worker: column('worker', 0.5) },
      most: {
        blender: column('blender', 1),
        imaging: column('imaging', 1),
        worker: column('worker', 1),
        scratch: column('scratch', 1),
      },
    };
  });
}

function bytesBelow(folder: string): number {
  return filesBelow(folder).reduce(
    (sum, file) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/** Reads the words of a process's command line; returns none if the process is gone. */
function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
