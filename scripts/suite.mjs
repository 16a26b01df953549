import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readVitestReport } from './reports.mjs';
import { ROOT, withOwnBin } from './setup/paths.mjs';

/** Folder of the reports of the runners. */
export const RESULTS = join(ROOT, 'test-results');

const MOST_SHOWN = 20;
const LINES_SHOWN = 12;

/** Makes the vitest runner of a suite; `args` choose its projects and files. */
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
 * Runs test runners one after another, then prints every failure with the start of its message and one line with the
 * totals of all reports. Sets exit code 1 if a runner fails, a test fails, or a runner executes no test.
 */
export async function runSuite(runners) {
  mkdirSync(RESULTS, { recursive: true });
  const failures = [];
  let passed = 0;
  let bad = false;
  for (const runner of runners) {
    rmSync(runner.report, { force: true });
    const code = await exitCode(runner.command(runner.report));
    const report = existsSync(runner.report)
      ? runner.read(readFileSync(runner.report, 'utf8'))
      : { passed: 0, failures: [] };
    passed += report.passed;
    failures.push(...report.failures);
    if (report.passed + report.failures.length === 0) console.error(`${runner.name} executed no test`);
    if (code !== 0) console.error(`${runner.name} ended with exit code ${code}`);
    if (code !== 0 || report.failures.length > 0 || report.passed === 0) bad = true;
  }
  for (const failure of failures.slice(0, MOST_SHOWN)) console.log(describe(failure));
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = bad ? 1 : 0;
}

/** Writes a failure as lines with the same beginning, so that `.ci/run` finds them. */
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
