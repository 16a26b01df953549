import type { Command } from 'commander';
import { tableLines } from './tables.ts';

/** A command line without `npx cyclorama` before it, and what it is for. */
export type Example = [line: string, purpose: string];

const examples = new WeakMap<Command, Example[]>();

/** Adds examples below a command's help. */
export function addExamples(command: Command, rows: Example[]): void {
  examples.set(command, rows);
  const lines = tableLines(
    ['left', 'left'],
    rows.map(([line, purpose]) => [`  npx cyclorama ${line}`, `# ${purpose}`]),
  );
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** The examples of a command. */
export function examplesOf(command: Command): Example[] {
  return examples.get(command) ?? [];
}
