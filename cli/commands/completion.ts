import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { type CommandNode, toCommandNodes } from '../completion/nodes.ts';
import { zshScript } from '../completion/zsh.ts';
import { addExamples } from '../terminal/examples.ts';

const SCRIPTS: Record<string, (nodes: CommandNode[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Adds `cyclorama completion`. */
export function register(program: Command, createProgram: () => Promise<Command>): void {
  const command = program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action(async (shell: string) => {
      process.stdout.write(SCRIPTS[shell]!(toCommandNodes(await createProgram())));
    });
  addExamples(command, [
    [
      'completion bash > ~/.cyclorama-completion',
      'then `source` that file in ~/.bashrc; it completes the name `cyclorama`',
    ],
    ['completion zsh', 'source <(npx cyclorama completion zsh)'],
    ['completion fish', 'npx cyclorama completion fish | source'],
  ]);
}
