import { once } from 'node:events';
import type { Command } from 'commander';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { parseFolderUri } from '../../services/kernel/uri.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { isS3Word, readSourceWord } from '../files/source-word.ts';
import { serveSheet } from '../sheet/server.ts';
import { bucketSource, folderSource, type SheetSource } from '../sheet/source.ts';
import { errorText } from '../terminal/error-text.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { parsePort } from '../terminal/option-values.ts';
import { printable } from '../terminal/printable.ts';

interface SheetOptions extends ServerOptions {
  port?: number;
}

/** Adds `cyclorama sheet`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('sheet')
      .description("show a dataset's contact sheet in the browser of this machine, also of a private bucket")
      .argument('<source>', 's3://bucket/prefix/ that a rendering wrote to, or a folder that holds its results')
      .option('--port <n>', 'on this port (default: any that is free)', parsePort),
  ).action(action<SheetOptions>((context, options, [word]) => sheet(context, options, word!)));
  addExamples(command, [
    ['sheet s3://rendered/samples/', 'until Ctrl-C'],
    ['sheet ./images --port 8800', 'a folder'],
  ]);
}

async function sheet(context: CommandContext, { port = 0 }: SheetOptions, word: string): Promise<number> {
  const { terminal, signal, json } = context;
  const source = await openSource(context, word);
  if ((await source(['index.html'], signal)) === undefined) {
    const description = `'${word}' holds no index.html; expected the output place of an ended rendering`;
    throw invalidRequest({ field: 'SOURCE', description });
  }
  const server = await serveSheet(source, {
    port,
    signal,
    onTrouble: (error) => terminal.note(`warning: ${printable(errorText(error))}`),
  });
  try {
    terminal.print(json ? JSON.stringify({ sheet: { url: server.url } }) : server.url);
    terminal.note(`shows ${printable(word)}, to this machine alone, until Ctrl-C`);
    if (!signal.aborted) await once(signal, 'abort');
    return EXIT.ok;
  } finally {
    await server.close();
  }
}

async function openSource({ connection }: CommandContext, given: string): Promise<SheetSource> {
  const word = given.replace(/(?<=^|\/)index\.html$/, '') || '.';
  if (isS3Word(word)) {
    const { store } = await connection.store();
    const folder = parseFolderUri(word, 'SOURCE');
    return bucketSource(store, folder);
  }
  const found = await readSourceWord(word);
  if (found.kind !== 'folder')
    throw invalidRequest({ field: 'SOURCE', description: `'${word}' is a file; expected a folder` });
  return folderSource(word);
}
