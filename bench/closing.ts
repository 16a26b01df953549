import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { markdownTable } from './figures.ts';
import { describeMachine } from './machine.ts';

// npm run bench:closing -- [--rows 10000,100000] [--delay 0]
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000,100000' }, delay: { type: 'string', default: '0' } },
});
const FILTERS = ['stats.faces < 200000 AND NOT stats.animations:*', 'outcome = failed AND reason = no_geometry'];
const run = promisify(execFile);
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

interface Outcome {
  rows: number;
  reused: number;
  seconds: number;
  startBytes: number;
  peakBytes: number;
  indexBytes: number;
  parquetBytes: number;
}

async function close(rows: string, folder: string): Promise<Outcome> {
  const { stdout } = await run(process.execPath, [path('closing/close-process.ts'), rows, values.delay, folder]);
  return JSON.parse(stdout) as Outcome;
}

/** Measures the seconds of `cyclorama select`, the start of the process included. */
async function select(index: string, filter: string): Promise<{ seconds: number; selected: string }> {
  const start = performance.now();
  const { stdout } = await run(process.execPath, [path('../cli/cyclorama.mjs'), 'select', index, filter, '--count']);
  return { seconds: (performance.now() - start) / 1000, selected: stdout.trim() };
}

console.log(`${describeMachine()}; ${values.delay} ms a request\n`);
const closings = [
  ['rows', 'run', 'seconds', 'rows/s', 'RSS before, MiB', 'RSS peak, MiB', 'jsonl, MiB', 'parquet, MiB'],
];
const selections = [['rows', 'filter', 'selected', 'seconds']];
for (const rows of values.rows.split(',')) {
  const folder = await mkdtemp(join(tmpdir(), 'cyclorama-closing-'));
  try {
    for (const name of ['first', 'again']) {
      const done = await close(rows, folder);
      const figures = [done.seconds.toFixed(1), (done.rows / done.seconds).toFixed(0)];
      const bytes = [done.startBytes, done.peakBytes, done.indexBytes, done.parquetBytes].map(mib);
      closings.push([rows, `${name} (${done.reused} rows reused)`, ...figures, ...bytes]);
    }
    for (const filter of FILTERS) {
      const { seconds, selected } = await select(join(folder, 'index.jsonl'), filter);
      selections.push([rows, `\`${filter}\``, selected, seconds.toFixed(2)]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(`${markdownTable(closings)}\n\n${markdownTable(selections)}`);
