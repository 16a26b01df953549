import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { errorText } from './terminal/error-text.ts';
import { EXIT, exitCodeOf } from './terminal/exit-codes.ts';

// A reader that has seen enough, such as `head`, is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    console.error(`error: ${errorText(error)}`);
    process.exitCode = exitCodeOf(error);
  }
}
