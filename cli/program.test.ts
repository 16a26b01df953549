import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from './program.ts';

const leaves = leavesOf(await createProgram()).map((command) => [pathOf(command), command] as const);

describe('the program', () => {
  it.each([...new Set(leaves.map(([path]) => path.split(' ')[0]!))])(
    'has %s alone where that is named',
    async (name) => {
      expect((await createProgram(name)).commands.map((command) => command.name())).toEqual([name]);
    },
  );

  it.each(['', '--help', 'selct', 'toString'])('has every command where "%s" is named', async (word) => {
    expect((await createProgram(word)).commands.flatMap(leavesOf)).toHaveLength(leaves.length);
  });
});

it.each(['analyze', 'render'])('%s refuses to follow a job and to let it go at once', async (name) => {
  const [command] = (await createProgram(name)).commands;
  command!.exitOverride().configureOutput({ writeErr: () => {} });
  const words = ['s3://samples/', '--output', 's3://out/', '--detach', '--watch'];
  await expect(command!.parseAsync(words, { from: 'user' })).rejects.toThrow(/'--detach' cannot be used with/);
});

describe('every command', () => {
  it.each(leaves)('%s shows examples in its help', (path, command) => {
    const examples = examplesIn(command);
    expect(examples.length).toBeGreaterThan(0);
    for (const { line, purpose } of examples) {
      expect(line === path || line.startsWith(`${path} `)).toBe(true);
      expect(purpose).toMatch(/\w/);
    }
  });
});

describe('the example', () => {
  const lines = leaves.flatMap(([, command]) => examplesIn(command).map(({ line }) => line));

  it.each(lines)('%s is taken by its command', async (line) => {
    const program = await createProgram();
    let taken: string | undefined;
    for (const command of leavesOf(program)) {
      command.exitOverride().configureOutput({ writeErr: () => {} });
      command.action(() => {
        taken = pathOf(command);
      });
    }
    await program.parseAsync(wordsOf(line), { from: 'user' });
    expect(taken).toBeDefined();
    expect(line).toMatch(new RegExp(`^${taken}\\b`));
  });
});

/** The examples that a command's help shows. */
function examplesIn(command: Command): { line: string; purpose: string }[] {
  let help = '';
  const writeOut = (text: string): void => {
    help += text;
  };
  command.configureOutput({ writeOut }).outputHelp();
  const rows = help.slice(help.indexOf('\nExamples:\n')).matchAll(/^ {2}npx cyclorama (.+?) +# (.+)$/gm);
  return [...rows].map(([, line, purpose]) => ({ line: line!, purpose: purpose! }));
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function pathOf(command: Command): string {
  return command.parent === null || command.parent.parent === null
    ? command.name()
    : `${pathOf(command.parent)} ${command.name()}`;
}

/** The words of a line as a shell makes them; what goes into and comes out of files is left out. */
function wordsOf(line: string): string[] {
  const words = line.replace(/ [<>] \S+$/, '').match(/'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^'(.*)'$/, '$1'));
}
