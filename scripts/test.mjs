import { join } from 'node:path';
import { readJunitReport } from './reports.mjs';
import { RESULTS, runSuite, vitest } from './suite.mjs';
import { readTools } from './tools.mjs';

// `npm test` runs this: vitest without the system and corpus tests, then the Blender runtime's pytest. Arguments go to
// vitest (`npm test -- --project unit`), which then runs alone.

const narrowed = process.argv.slice(2);
const choosesProject = narrowed.some((argument) => argument.startsWith('--project'));
const pytest = {
  name: 'pytest',
  report: join(RESULTS, 'pytest.xml'),
  read: readJunitReport,
  command: (report) => [readTools().testPython, '-m', 'pytest', '-q', `--junitxml=${report}`, 'blender-runtime/tests'],
};

const tests = vitest('vitest.json', [
  ...(choosesProject ? [] : ['--project=!system', '--project=!corpus']),
  ...narrowed,
]);
await runSuite(narrowed.length > 0 ? [tests] : [tests, pytest]);
