import { basename } from 'node:path';
import { markdownTable, quantile, spread } from '../figures.ts';
import type { AssetFile } from './files.ts';
import { inspectPlainly } from './plain-start.ts';
import { type Counts, openWarmPool } from './warm-pool.ts';

/** Greatest size in bytes of a small file. */
const SMALL_BYTES = 1_000_000;

/** The milliseconds of one file in each round. */
interface Timings {
  file: AssetFile;
  warm: number[];
  plain: number[];
}

/** Times a warm Blender against one start per file, on the same files in the same rounds; returns a report. */
export async function compareWithStarts(files: AssetFile[], rounds: number): Promise<string> {
  const pool = await openWarmPool(Number.POSITIVE_INFINITY);
  try {
    const { agreed, left } = await agree(files, (path) => pool.inspect(path));
    const timings: Timings[] = agreed.map((file) => ({ file, warm: [], plain: [] }));
    for (let round = 0; round < rounds; round++) {
      for (const { file, warm, plain } of timings) {
        const contest = [
          async () => warm.push(await timed(() => pool.inspect(file.path))),
          async () => plain.push(await timed(() => inspectPlainly(file.path))),
        ];
        for (const turn of round % 2 === 0 ? contest : contest.toReversed()) await turn();
      }
    }
    return [
      table(timings),
      summary(
        'small files (under 1 MB)',
        timings.filter(({ file }) => file.bytes < SMALL_BYTES),
      ),
      summary('all files', timings),
      ...left,
    ].join('\n');
  } finally {
    await pool.close();
  }
}

/** Returns the files that both ways read with equal counts, and sentences about the others; also warms both ways up. */
async function agree(
  files: AssetFile[],
  inspect: (path: string) => Promise<Counts>,
): Promise<{ agreed: AssetFile[]; left: string[] }> {
  const agreed: AssetFile[] = [];
  const left: string[] = [];
  for (const file of files) {
    const [warm, plain] = await Promise.allSettled([inspect(file.path), inspectPlainly(file.path)]);
    if (warm.status === 'fulfilled' && plain.status === 'fulfilled') {
      if (JSON.stringify(warm.value) === JSON.stringify(plain.value)) agreed.push(file);
      else
        throw new Error(
          `${file.path}: the pool counts ${JSON.stringify(warm.value)}, a plain start ${JSON.stringify(plain.value)}`,
        );
    } else left.push(`- not timed: ${basename(file.path)} (pool ${warm.status}, plain start ${plain.status})`);
  }
  return { agreed, left };
}

function table(timings: Timings[]): string {
  const rows = timings.map(({ file, warm, plain }) => [
    basename(file.path),
    (file.bytes / 1000).toFixed(0),
    spread(warm),
    spread(plain),
    (quantile(plain, 0.5) / quantile(warm, 0.5)).toFixed(1),
  ]);
  return `${markdownTable([['file', 'kB', 'warm pool, ms', 'one start each, ms', 'times'], ...rows])}\n`;
}

/** Summarises the rates and the ratio of both ways over all files of each round. */
function summary(what: string, timings: Timings[]): string {
  const sum = (round: number, pick: (timing: Timings) => number[]): number =>
    timings.reduce((total, timing) => total + pick(timing)[round]!, 0);
  const rounds = (timings[0]?.warm ?? []).map(
    (_, round) => [sum(round, ({ warm }) => warm), sum(round, ({ plain }) => plain)] as const,
  );
  const rate = (at: 0 | 1): string =>
    spread(
      rounds.map((sums) => (timings.length / sums[at]) * 1000),
      2,
    );
  const ratio = spread(
    rounds.map(([warm, plain]) => plain / warm),
    1,
  );
  const rates = `warm pool ${rate(0)} files/s, one start each ${rate(1)} files/s`;
  return `- ${what}: ${timings.length} files, ${rounds.length} rounds; ${rates}; the pool is ${ratio} times as fast`;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
