import { markdownTable, quantile, slope } from '../figures.ts';
import type { Look, Window } from './watch.ts';

const MIB = 2 ** 20;
/** Number of looks at a new process before its caches and allocator have their size. */
const SETTLING = 40;
/** Share by which memory in the last third of a process's life may exceed that in the first third. */
const TOLERATED_GROWTH = 0.1;

/** Prints windows as a Markdown table. */
export function windowTable(windows: readonly Window[]): string {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
  const rows = windows.map(({ from, to, assetsPerSecond, blenders, median, most }) => [
    `${from}..${to}`,
    assetsPerSecond.toFixed(2),
    String(blenders.length),
    ...(['blender', 'imaging', 'worker'] as const).map((name) => `${mib(median[name])} (${mib(most[name])})`),
    (most.scratch / MIB).toFixed(1),
  ]);
  const heading = ['assets', 'assets/s', 'Blenders', 'Blender, MiB', 'imaging, MiB', 'worker, MiB', 'scratch, MiB'];
  return markdownTable([heading, ...rows]);
}

/** How the memory of one process grew over the assets. */
export interface Growth {
  what: string;
  assets: number;
  firstThirdMib: number;
  lastThirdMib: number;
  kibPerAsset: number;
  isFlat: boolean;
}

/** Measures how the memory of the last Blender, the imaging process and the worker grew. */
export function measureGrowth(looks: readonly Look[]): Growth[] {
  const last = looks.findLast(({ blenderPid }) => blenderPid > 0)?.blenderPid;
  const ofBlender = looks.filter(({ blenderPid }) => blenderPid === last);
  const settled = looks.slice(SETTLING);
  return [
    growthOf('Blender, since the last fault', ofBlender.slice(SETTLING), 'blender'),
    growthOf('imaging', settled, 'imaging'),
    growthOf('worker', settled, 'worker'),
  ];
}

function growthOf(what: string, looks: readonly Look[], name: 'blender' | 'imaging' | 'worker'): Growth {
  const seen = looks.filter((look) => look[name] > 0);
  const third = Math.floor(seen.length / 3);
  const medianMib = (part: readonly Look[]): number =>
    quantile(
      part.map((look) => look[name] / MIB),
      0.5,
    );
  const [firstThirdMib, lastThirdMib] = [medianMib(seen.slice(0, third)), medianMib(seen.slice(-third))];
  return {
    what,
    assets: (seen.at(-1)?.done ?? 0) - (seen[0]?.done ?? 0),
    firstThirdMib,
    lastThirdMib,
    kibPerAsset: slope(seen.map((look) => ({ x: look.done, y: look[name] / 1024 }))),
    // A run that is too short gives NaN, which counts as flat.
    isFlat: !(lastThirdMib > firstThirdMib * (1 + TOLERATED_GROWTH)),
  };
}

/** Describes the growth of one process in a sentence. */
export function describeGrowth({ what, assets, firstThirdMib, lastThirdMib, kibPerAsset, isFlat }: Growth): string {
  if (Number.isNaN(lastThirdMib)) return `${what}: too short to tell`;
  const [first, last] = [firstThirdMib, lastThirdMib].map((mib) => mib.toFixed(0));
  const thirds = `${first} MiB in the first third, ${last} MiB in the last of ${assets} assets`;
  return `${what}: ${thirds}, slope ${kibPerAsset.toFixed(1)} KiB an asset: ${isFlat ? 'flat' : 'GROWS'}`;
}
