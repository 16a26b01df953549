import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readVitestReport } from './reports.mjs';
import { ROOT, withOwnBin } from './setup/paths.mjs';

export const RESULTS = join(ROOT, 'test-results');

const MOST_SHOWN = 20;
const LINES_SHOWN = 12;

/** vitest as a runner of a suite; `args` choose its projects and files. */
export function vitest(reportName, args) {
  return {
    name: 'vitest',
    report: join(RESULTS, reportName),
    read: readVitestReport,
    command: (report) => [
      process.execPath,
      ...[join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json'],
      ...[`--outputFile.json=${report}`, ...args],
    ],
  };
}

/**
 * Runs test runners one after the other, then names every failure with the start of its message and prints one line
 * with the sum of their own reports. The suite is bad, by exit code, where a runner ends badly, a test fails or a
 * runner executes none.
 */
export async function runSuite(runners) {
  mkdirSync(RESULTS, { recursive: true });
  const failures = [];
  let passed = 0;
  let bad = false;
  for (const runner of runners) {
    rmSync(runner.report, { force: true });
    const code = await exitCode(runner.command(runner.report));
    const said = existsSync(runner.report)
      ? runner.read(readFileSync(runner.report, 'utf8'))
      : { passed: 0, failures: [] };
    passed += said.passed;
    failures.push(...said.failures);
    if (said.passed + said.failures.length === 0) console.error(`${runner.name} executed no test`);
    if (code !== 0) console.error(`${runner.name} ended with exit code ${code}`);
    if (code !== 0 || said.failures.length > 0 || said.passed === 0) bad = true;
  }
  for (const failure of failures.slice(0, MOST_SHOWN)) console.log(describe(failure));
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = bad ? 1 : 0;
}

/** A failure as lines that all begin alike, so that `.ci/run` finds them again. */
function describe({ test, message }) {
  const lines = message.split('\n').filter((line) => !line.includes('/node_modules/'));
  return [`FAILED TEST: ${test.replace(`${ROOT}/`, '')}`, ...lines.slice(0, LINES_SHOWN)].join('\nFAILED TEST:   ');
}

function exitCode([command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: withOwnBin(), stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}
