import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { ROOT } from '../../cli/stack/data-dir.ts';

const program = await createProgram();
const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.md'),
);
const documents = ['README.md', 'blender-runtime/README.md', ...pages.map((name) => join('docs', name))];
const lines = documents
  .flatMap((path) => [...readFileSync(join(ROOT, path), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)])
  .flatMap(([, block]) => block!.replace(/\\\n\s*/g, '').split('\n'))
  .map((line) => line.replace(/\s#.*$/, '').trim())
  .map((line) => line.replace(/^(?:npx --prefix \S+ cyclorama|node \S*cli\/cyclorama\.mjs) /, 'npx cyclorama '));

/** The words of a command line up to a pipe, a redirection or a quote that goes on below. */
function readWords(line: string): string[] {
  return [...line.split(/[|<>]|'\{/)[0]!.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word);
}

/** What a command line asks for that no command takes; undefined where all is well. */
function refuse(words: string[]): string | undefined {
  let command: Command = program;
  let rest = words;
  for (let next = nextOf(command, rest); next; next = nextOf(command, rest)) {
    command = next;
    rest = rest.slice(1);
  }
  if (command === program) return `no command '${words[0]}'`;
  if (command.commands.length > 0 && rest.length > 0 && !rest[0]!.startsWith('-')) return `no command '${rest[0]}'`;
  return rest.find((word) => word.startsWith('--') && command.options.every(({ long }) => long !== word));
}

function nextOf(command: Command, [word]: string[]): Command | undefined {
  return command.commands.find((candidate) => candidate.name() === word);
}

/** The commands of the README's table of intents. */
const typed = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^\|.*\| `(npx cyclorama [^`]+)` \|$/gm)].map(
  ([, command]) => command!,
);
const commands = [...lines.filter((line) => line.startsWith('npx cyclorama ')), ...typed];

test('there are commands in the documents to compare', () => {
  expect(commands.length).toBeGreaterThan(20);
  expect(typed.length).toBeGreaterThan(10);
});

test.each([...new Set(commands)])('%s', (line) => {
  expect(refuse(readWords(line).slice(2))).toBeUndefined();
});

test.each([
  ['vaildate samples', "no command 'vaildate'"],
  ['job watsch latest', "no command 'watsch'"],
  ['validate samples --limits 3', '--limits'],
])('%s would be noticed', (line, expected) => {
  expect(refuse(readWords(line))).toBe(expected);
});

test('pages in folders are read too', () => {
  expect(pages).toContain(join('use', 'cli.md'));
  expect(pages).toContain(join('run', 'aws.md'));
});

test('scripts that the documents call are there', () => {
  const scripts = lines.flatMap((line) => [...line.matchAll(/\b(?:blender-runtime|scripts)\/\S+\.(?:py|mjs|txt)\b/g)]);
  expect(scripts.map(([path]) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
