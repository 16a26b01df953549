import type { Command } from 'commander';
import { tableLines } from './tables.ts';

/** A command line without its `npx cyclorama`, and its purpose. */
export type Example = [line: string, purpose: string];

/** Adds examples below a command's help. */
export function addExamples(command: Command, rows: Example[]): void {
  const lines = tableLines(
    ['left', 'left'],
    rows.map(([line, purpose]) => [`  npx cyclorama ${line}`, `# ${purpose}`]),
  );
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
