import { readFileSync } from 'node:fs';
import { Command } from 'commander';

/** A file of commands/. Completion lists all commands, so it is handed the function that builds the program. */
type CommandModule = { register(program: Command, createProgram: () => Promise<Command>): void };

/** Loads each command; the order is that of the help text. */
const COMMANDS: Record<string, () => Promise<CommandModule>> = {
  demo: () => import('./commands/demo.ts'),
  up: () => import('./commands/up.ts'),
  down: () => import('./commands/down.ts'),
  status: () => import('./commands/status.ts'),
  doctor: () => import('./commands/doctor.ts'),
  discover: () => import('./commands/discover.ts'),
  validate: () => import('./commands/validate.ts'),
  inspect: () => import('./commands/inspect.ts'),
  analyze: () => import('./commands/analyze.ts'),
  render: () => import('./commands/render.ts'),
  sheet: () => import('./commands/sheet.ts'),
  job: () => import('./commands/job.ts'),
  report: () => import('./commands/report.ts'),
  select: () => import('./commands/select.ts'),
  put: () => import('./commands/put.ts'),
  get: () => import('./commands/get.ts'),
  call: () => import('./commands/call.ts'),
  completion: () => import('./commands/completion.ts'),
};

/**
 * Builds the `cyclorama` command with the subcommand that `word` names, so that no other is loaded; else with all.
 */
export async function createProgram(word = ''): Promise<Command> {
  const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
    description: string;
  };
  // Commands inherit exitOverride when the program adds them.
  const program = new Command('cyclorama')
    .description(description)
    .version(version)
    .exitOverride()
    .addHelpText('after', '\nExit codes and environment: docs/use/cli.md');
  const one = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  const modules = await Promise.all((one ? [one] : Object.values(COMMANDS)).map((load) => load()));
  for (const { register } of modules) register(program, createProgram);
  return program;
}
