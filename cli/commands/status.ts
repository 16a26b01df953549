import type { Command } from 'commander';
import { dataDir } from '../stack/data-dir.ts';
import { describeEndpoints, describeParts } from '../stack/describe.ts';
import { readState } from '../stack/endpoints.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';

/** Adds `cyclorama status`, which exits with 0 if every part is ready, else with 3. */
export function register(program: Command): void {
  const command = program
    .command('status')
    .description('show the parts of the local stack; exit code 3 unless all are ready')
    .option('--data <dir>', 'folder that `up` was given (default: .cyclorama)')
    .option('--json', 'print state and endpoints as JSON')
    .action(({ data, json }: { data?: string; json?: boolean }) => {
      const dir = dataDir(data);
      const state = readState(dir);
      const ready = state?.parts.every((part) => part.state === 'ready') ?? false;
      if (!ready) process.exitCode = EXIT.unreachable;
      if (json) console.log(JSON.stringify({ running: state !== undefined, ready, ...state }, null, 2));
      else if (state === undefined) console.log(`no stack runs on '${dir.root}'; start one: npx cyclorama up --detach`);
      else console.log(`${describeParts(state)}\n\n${describeEndpoints(state.endpoints, dir)}`);
    });
  addExamples(command, [
    ['status', 'which parts run, and where they listen'],
    ['status --json', 'for scripts'],
  ]);
}
