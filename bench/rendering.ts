import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findGlbs } from './analysis/files.ts';
import { describeMachine } from './machine.ts';
import { contest } from './rendering/contest.ts';

// npm run bench:rendering -- [FOLDER] [--rounds 3] [--assets 9] [--samples 16] [--rivals starts,once,loop,tuned]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    assets: { type: 'string', default: '9' },
    samples: { type: 'string', default: '16' },
    rivals: { type: 'string', default: 'starts,once,loop,tuned' },
  },
});
/** The samples that are made to fail, and one in meshopt, which scripts cannot read. */
const LEFT_OUT = /\/(?:empty|truncated|city)\.glb$/;
const found = await findGlbs(positionals[0] ?? fileURLToPath(new URL('../samples', import.meta.url)));
const files = found.filter(({ path }) => !LEFT_OUT.test(path));
const settings = {
  assets: Number(values.assets),
  rounds: Number(values.rounds),
  samples: Number(values.samples),
  rivals: values.rivals.split(','),
};
console.log(`${describeMachine()}\n`);
console.log(await contest(files, settings));
