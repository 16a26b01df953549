import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareWithStarts } from './analysis/compare.ts';
import { findGlbs } from './analysis/files.ts';
import { watchMemory } from './analysis/memory.ts';
import { timeService } from './analysis/service.ts';
import { describeMachine } from './machine.ts';

// npm run bench:analysis -- [FOLDER] [--rounds 10] [--jobs 31,200] [--assets 500] [--parts compare,service,memory]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '31,200' },
    assets: { type: 'string', default: '500' },
    parts: { type: 'string', default: 'compare,service,memory' },
  },
});
const files = await findGlbs(positionals[0] ?? fileURLToPath(new URL('../samples', import.meta.url)));
const rounds = Number(values.rounds);

const parts: Record<string, () => Promise<string>> = {
  compare: () => compareWithStarts(files, rounds),
  service: () => timeService(files, values.jobs.split(',').map(Number), rounds),
  memory: () => watchMemory(files, Number(values.assets)),
};
console.log(`${describeMachine()}\n`);
for (const part of values.parts.split(',')) console.log(`${await parts[part]!()}\n`);
