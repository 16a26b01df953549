import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { CycloramaError, invalidRequest } from '../../services/kernel/failure.ts';
import { parseFilter } from '../../services/kernel/sources/filter.ts';
import { createRowFilter, type Row } from '../../services/kernel/sources/filter-match.ts';
import { refuseVainFilter } from '../../services/kernel/sources/manifest.ts';
import { type LineBatch, readObjectLines, toLines } from '../../services/kernel/store/lines.ts';
import { parseObjectUri } from '../../services/kernel/uri.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import type { Connection } from '../connect/connection.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { countOf } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';

interface SelectOptions extends ServerOptions {
  count?: boolean;
}

/** Adds `cyclorama select`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('select')
      .description("print the assets of a dataset's index that pass a filter")
      .argument('<index>', 's3://bucket/prefix/index.jsonl, or a file')
      .argument('[filter]', 'which rows; all without it', '')
      .option('--count', 'print how many there are'),
  ).action(action<SelectOptions>((context, options, [index, filter = '']) => select(context, options, index!, filter)));
  addExamples(command, [
    [
      `select s3://models/_cyclorama/index.jsonl 'stats.faces < 200000 AND NOT stats.animations:*'`,
      'small assets without animations',
    ],
    [`select index.jsonl 'outcome = failed AND reason != no_geometry' --json`, 'whole rows'],
    [`select index.jsonl 'name = "*.glb" AND size_bytes > 1e8' --count`, 'how many'],
  ]);
  command.addHelpText('after', '\nFields and operators: docs/use/dataset-index.md');
}

async function select(
  { terminal, connection, signal, json }: CommandContext,
  { count = false }: SelectOptions,
  index: string,
  filter: string,
): Promise<number> {
  const rows = filter === '' ? undefined : createRowFilter(parseFilter(filter, 'FILTER'));
  const read = index.startsWith('s3://') ? readStoredLines(connection, index, signal) : readFileLines(index, signal);
  let [number, seen, selected] = [0, 0, 0];
  for await (const lines of read) {
    const found: string[] = [];
    for (const line of lines) {
      number++;
      if (line === '') continue;
      const row = parseRow(line, number, index);
      seen++;
      if (rows && !rows.matches(row)) continue;
      selected++;
      if (!count) found.push(json ? line : printable(row.uri));
    }
    if (found.length > 0) terminal.print(found.join('\n'));
    terminal.status(() => `${countOf(selected, 'asset')} of ${seen}`);
  }
  terminal.status(undefined);
  refuseVainFilter(rows, index);
  if (count) terminal.print(json ? JSON.stringify({ selected, rows: seen }) : String(selected));
  return EXIT.ok;
}

async function* readStoredLines(connection: Connection, uri: string, signal: AbortSignal): AsyncGenerator<LineBatch> {
  const place = parseObjectUri(uri, 'INDEX');
  const { store } = await connection.store();
  for await (const lines of readObjectLines(store, place, signal)) {
    if (!lines) throw new CycloramaError('store_unavailable', `'${uri}' was overwritten while it was read; try again`);
    yield lines;
  }
}

async function* readFileLines(path: string, signal: AbortSignal): AsyncGenerator<LineBatch> {
  try {
    yield* toLines(createReadStream(path, { highWaterMark: 1024 ** 2, signal }));
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
    const description = `'${path}' cannot be read (${(error as Error).message}); expected a file or s3://bucket/key`;
    throw invalidRequest({ field: 'INDEX', description });
  }
}

function parseRow(line: string, number: number, index: string): Row & { uri: string } {
  const expected = "expected a row of a dataset's index.jsonl";
  try {
    const row: unknown = JSON.parse(line);
    if (typeof row === 'object' && row !== null && 'uri' in row && typeof row.uri === 'string')
      return row as Row & { uri: string };
  } catch (cause) {
    throw new CycloramaError('manifest_invalid', `line ${number} of '${index}' is no JSON; ${expected}`, { cause });
  }
  throw new CycloramaError('manifest_invalid', `line ${number} of '${index}' has no field uri with text; ${expected}`);
}
