import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AnalysisServiceClient, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { within } from '../connect/job-calls.ts';
import { withLocalSource } from '../files/local-source.ts';
import { checkOutputFile, readSourceWord } from '../files/source-word.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/printable.ts';
import { ANALYZE_TIMEOUT_MS } from './analyze.ts';

/** As a file name it means standard output. */
const STDOUT = '-';

interface InspectOptions extends ServerOptions {
  output?: string;
}

/** Adds `cyclorama inspect`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('inspect')
      .description('count the geometry of one asset and write the JSON of the data analysis exercise')
      .argument('<source>', 'a file, with the files that it refers to beside it, or s3://bucket/key')
      .option('-o, --output <file>', `file that takes the JSON; ${STDOUT} prints it (the default)`),
  ).action(action<InspectOptions>(inspect));
  addExamples(command, [
    ['inspect ./monkey.obj -o monkey.json', 'a file, through the running local stack'],
    ['inspect s3://samples/chair.glb', 'an asset of a bucket, printed'],
  ]);
}

async function inspect(
  context: CommandContext,
  { output = STDOUT }: InspectOptions,
  [word]: string[],
): Promise<number> {
  const source = await readSourceWord(word!);
  if (source.kind === 'folder') {
    const instead = 'npx cyclorama analyze DIR --style inspection --output DIR';
    const description = `'${word}' is a folder; to inspect all assets in it: ${instead}`;
    throw invalidRequest({ field: 'SOURCE', description });
  }
  if (output !== STDOUT) await checkOutputFile(output);
  const text =
    source.kind === 's3'
      ? await inspectionOf(context, source.uri)
      : await withLocalSource(context, source.path, { suffixes: [], limit: 0 }, ({ uri }) =>
          inspectionOf(context, uri),
        );
  const { terminal, json } = context;
  if (output === STDOUT) terminal.print(json ? JSON.stringify(JSON.parse(text)) : text.trimEnd());
  else await writeFile(output, text);
  return EXIT.ok;
}

async function inspectionOf({ terminal, connection, signal }: CommandContext, uri: string): Promise<string> {
  const client = await connection.client(AnalysisServiceClient, 'analysis');
  const request = { uri, spec: { style: ReportStyle.REPORT_STYLE_INSPECTION }, outputUri: '', requestId: '' };
  const limits = within(signal, ANALYZE_TIMEOUT_MS);
  const { report, reportText } = await callUnary(client, client.analyzeAsset, request, limits);
  for (const warning of report?.warnings ?? []) terminal.note(`warning: ${printable(warning)}`);
  return reportText;
}
