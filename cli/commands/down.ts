import type { Command } from 'commander';
import { dataDir } from '../stack/data-dir.ts';
import { stopStack } from '../stack/stop.ts';
import { addExamples } from '../terminal/examples.ts';

/** Adds `cyclorama down`. */
export function register(program: Command): void {
  const command = program
    .command('down')
    .description('end the local stack; its data stays')
    .option('--data <dir>', 'folder that `up` was given (default: .cyclorama)')
    .option('--json', 'print what was done as JSON')
    .action(async ({ data, json }: { data?: string; json?: boolean }) => {
      const stopped = await stopStack(data);
      const { root } = dataDir(data);
      if (json) console.log(JSON.stringify({ stopped, data: root }));
      else console.error(stopped ? `stopped; the data stays in '${root}'` : `no stack runs on '${root}'`);
    });
  addExamples(command, [['down', 'end the stack that `up --detach` started']]);
}
