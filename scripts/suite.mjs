import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readVitestCounts } from './setup/counts.mjs';
import { ROOT, withOwnBin } from './setup/paths.mjs';

export const RESULTS = join(ROOT, 'test-results');

/** vitest as a runner of a suite; `args` choose its projects and files. */
export function vitest(reportName, args) {
  return {
    name: 'vitest',
    report: join(RESULTS, reportName),
    counts: readVitestCounts,
    command: (report) => [
      process.execPath,
      ...[join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json'],
      ...[`--outputFile.json=${report}`, ...args],
    ],
  };
}

/**
 * Runs test runners one after the other, then prints one line with the sum of their own reports. The suite is bad, by
 * exit code, where a runner ends badly, a test fails or a runner executes none.
 */
export async function runSuite(runners) {
  mkdirSync(RESULTS, { recursive: true });
  const total = { passed: 0, failed: 0 };
  let bad = false;
  for (const runner of runners) {
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
}

function exitCode([command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: withOwnBin(), stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}
