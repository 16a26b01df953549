import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJunitCounts, readVitestCounts } from './setup/counts.mjs';
import { ROOT, withOwnBin } from './setup/paths.mjs';
import { readTools } from './tools.mjs';

// What `npm test` runs: vitest, then the Blender runtime's pytest, then one line with the sum of both runners' own
// reports. Arguments go to vitest (`npm test -- --project unit`), which then runs alone.

const results = join(ROOT, 'test-results');
const narrowed = process.argv.slice(2);
const runners = [
  {
    name: 'vitest',
    report: join(results, 'vitest.json'),
    counts: readVitestCounts,
    command: (report) => [
      process.execPath,
      ...[join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json'],
      ...[`--outputFile.json=${report}`, ...narrowed],
    ],
  },
  {
    name: 'pytest',
    report: join(results, 'pytest.xml'),
    counts: readJunitCounts,
    command: (report) => [
      readTools().testPython,
      '-m',
      'pytest',
      '-q',
      `--junitxml=${report}`,
      'blender-runtime/tests',
    ],
  },
];

mkdirSync(results, { recursive: true });
const total = { passed: 0, failed: 0 };
let bad = false;
for (const runner of narrowed.length > 0 ? runners.slice(0, 1) : runners) {
  rmSync(runner.report, { force: true });
  const code = await exitCode(runner.command(runner.report));
  const counts = existsSync(runner.report)
    ? runner.counts(readFileSync(runner.report, 'utf8'))
    : { passed: 0, failed: 0 };
  total.passed += counts.passed;
  total.failed += counts.failed;
  if (counts.passed + counts.failed === 0) console.error(`${runner.name} executed no test`);
  if (code !== 0) console.error(`${runner.name} ended with exit code ${code}`);
  if (code !== 0 || counts.failed > 0 || counts.passed === 0) bad = true;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = bad ? 1 : 0;

function exitCode([command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: withOwnBin(), stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}
