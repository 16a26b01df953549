import type { Command } from 'commander';
import { action, type ServerOptions, withServer } from '../connect/command-run.ts';
import { type NamedFinding, runCheck } from '../doctor/check.ts';
import { RUNTIME_CHECKS } from '../doctor/runtime-checks.ts';
import { serverChecks } from '../doctor/server-checks.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Adds `cyclorama doctor`, which exits with 1 if a check failed. */
export function register(program: Command): void {
  const command = withServer(program.command('doctor'))
    .description('check this machine and the servers it would use, and say what to do')
    .option('--output <uri>', 'an output place, s3://BUCKET/PREFIX/, to try conditional writes on')
    .action(
      action(async ({ terminal, connection, signal, json }, { output }: ServerOptions & { output?: string }) => {
        const findings: NamedFinding[] = [];
        for (const check of [
          ...RUNTIME_CHECKS,
          ...serverChecks(process.env.CYCLORAMA_NATS_URL, () => connection.store(), output),
        ]) {
          const finding = await runCheck(check, signal);
          findings.push(finding);
          if (json) continue;
          const { status, name, detail, advice } = finding;
          terminal.print(`${terminal.paint(COLOURS[status], status.padEnd(4))}  ${name.padEnd(16)}  ${detail}`);
          if (advice !== undefined) terminal.print(`${' '.repeat(24)}-> ${advice}`);
        }
        const failed = findings.some(({ status }) => status === 'fail');
        if (json) terminal.print(JSON.stringify({ ok: !failed, checks: findings }));
        return failed ? EXIT.failed : EXIT.ok;
      }),
    );
  addExamples(command, [
    ['doctor', 'what this machine lacks, and what to do'],
    ['doctor --output s3://reports/try/', 'whether a store honours conditional writes'],
  ]);
}
