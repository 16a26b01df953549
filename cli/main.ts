import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { register as registerAnalyze } from './commands/analyze.ts';
import { register as registerCall } from './commands/call.ts';
import { register as registerDemo } from './commands/demo.ts';
import { register as registerDiscover } from './commands/discover.ts';
import { register as registerDoctor } from './commands/doctor.ts';
import { register as registerDown } from './commands/down.ts';
import { register as registerJob } from './commands/job.ts';
import { register as registerStatus } from './commands/status.ts';
import { register as registerTransfer } from './commands/transfer.ts';
import { register as registerUp } from './commands/up.ts';
import { register as registerValidate } from './commands/validate.ts';
import { errorText } from './error-text.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';

const REGISTER = [
  registerDemo,
  registerUp,
  registerDown,
  registerStatus,
  registerDoctor,
  registerDiscover,
  registerValidate,
  registerAnalyze,
  registerJob,
  registerTransfer,
  registerCall,
];

function createProgram(): Command {
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

// A reader that has seen enough, such as `head`, is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    console.error(`error: ${errorText(error)}`);
    process.exitCode = exitCodeOf(error);
  }
}
