import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { register as registerAnalyze } from './commands/analyze.ts';
import { register as registerCall } from './commands/call.ts';
import { register as registerCompletion } from './commands/completion.ts';
import { register as registerDemo } from './commands/demo.ts';
import { register as registerDiscover } from './commands/discover.ts';
import { register as registerDoctor } from './commands/doctor.ts';
import { register as registerDown } from './commands/down.ts';
import { register as registerInspect } from './commands/inspect.ts';
import { register as registerJob } from './commands/job.ts';
import { register as registerReport } from './commands/report.ts';
import { register as registerSelect } from './commands/select.ts';
import { register as registerStatus } from './commands/status.ts';
import { register as registerTransfer } from './commands/transfer.ts';
import { register as registerUp } from './commands/up.ts';
import { register as registerValidate } from './commands/validate.ts';

const REGISTER = [
  registerDemo,
  registerUp,
  registerDown,
  registerStatus,
  registerDoctor,
  registerDiscover,
  registerValidate,
  registerInspect,
  registerAnalyze,
  registerJob,
  registerReport,
  registerSelect,
  registerTransfer,
  registerCall,
  registerCompletion,
];

/** Builds the `cyclorama` command with all its subcommands. */
export function createProgram(): Command {
  const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
    description: string;
  };
  // Commands take exitOverride over from the program when they are added.
  const program = new Command('cyclorama')
    .description(description)
    .version(version)
    .exitOverride()
    .addHelpText('after', '\nExit codes and environment: docs/cli.md');
  for (const register of REGISTER) register(program);
  return program;
}
