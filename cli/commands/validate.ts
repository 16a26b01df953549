import type { Command } from 'commander';
import { ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { parseS3Uri, toStem } from '../../services/kernel/uri.ts';
import { type ConsoleNames, limitLine, scanLine } from '../analysis/exercise-console.ts';
import { analyzeMany } from '../analysis/many.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { scanAssets } from '../connect/scan.ts';
import { withLocalSource } from '../files/local-source.ts';
import {
  checkOutputFolder,
  folderOutput,
  isPathWord,
  isS3Word,
  needsPrefix,
  readSourceWord,
} from '../files/source-word.ts';
import { doneLine } from '../job/lines.ts';
import { type LocalOutput, readLocalOutput } from '../job/local-results.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { formatCount } from '../terminal/figures.ts';
import { parseCount } from '../terminal/option-values.ts';

const SUFFIXES = ['.glb'];

/** Options of `validate`; the demo calls it without any. */
export interface ValidateOptions extends ServerOptions {
  limit?: number;
  output?: string;
  requestId?: string;
  dryRun?: boolean;
  failOnError?: boolean;
}

/** The files to validate, and their names on the console. */
interface Target {
  prefixUri: string;
  /** Name of the source in the first line. */
  shown: string;
  output: LocalOutput;
  names: ConsoleNames;
}

/** Adds `cyclorama validate`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('validate')
      .description('analyse every .glb below a prefix and put a report beside each (the batch exercise)')
      .argument('<source>', 'name of the bucket, s3://bucket/prefix, or the path of a folder, such as ./models')
      .argument('[prefix]', 'with the name of a bucket: prefix of the keys', '')
      .option('--limit <n>', 'at most this many files', parseCount)
      .option('--output <dir-or-uri>', 's3://bucket/prefix/ for all reports; a folder, for local sources')
      .option('--dry-run', 'show the number of files, how many are done and the expected time; start nothing')
      .option('--request-id <id>', 'makes the call safe to repeat: the same id gives the same job')
      .option('--fail-on-error', `exit with ${EXIT.assetsFailed} when a file failed`),
  ).action(
    action<ValidateOptions>((context, options, [source, prefix = '']) => validate(context, options, source!, prefix)),
  );
  addExamples(command, [
    ['validate samples', 'a whole bucket, reports beside the files'],
    ['validate samples furniture/ --limit 100', 'the first hundred below a prefix'],
    ['validate samples --dry-run', 'how many files, how many are done, the expected time'],
    ['validate ./models --output ./reports', 'a folder, through the running local stack'],
    ['validate samples --fail-on-error --json', 'for scripts'],
  ]);
}

/** Counts the files, starts the job and shows it as the exercise does; returns the exit status. */
export async function validate(
  context: CommandContext,
  options: ValidateOptions,
  word: string,
  prefix: string,
): Promise<number> {
  const { output, limit = 0, dryRun } = options;
  if (!isPathWord(word)) {
    if (output !== undefined && !isS3Word(output)) throw folderOutput(output);
    const prefixUri = isS3Word(word) ? word + prefix : `s3://${word}/${prefix}`;
    parseS3Uri(prefixUri, 'SOURCE');
    const names = output === undefined ? { reportUri: reportBeside } : {};
    return validateTarget(context, options, { prefixUri, shown: prefixUri, output: { uri: output ?? '' }, names });
  }
  if (dryRun) throw needsPrefix('--dry-run');
  if (prefix !== '') throw needsPrefix('PREFIX');
  const { kind } = await readSourceWord(word);
  if (kind === 'file' && !/\.glb$/i.test(word)) {
    const description = `'${word}' is no .glb file; for other formats: npx cyclorama analyze`;
    throw invalidRequest({ field: 'SOURCE', description });
  }
  await checkOutputFolder(output);
  return withLocalSource(context, word, { suffixes: SUFFIXES, limit }, (placed, store) => {
    const place = readLocalOutput(output, placed.outputUri('analysis-validation'), store);
    const reportUri = (uri: string): string => place.uri + reportBeside(placed.nameOf(uri));
    const names = { nameOf: placed.nameOf, reportUri };
    return validateTarget(context, options, { prefixUri: placed.prefixUri, shown: word, output: place, names });
  });
}

async function validateTarget(
  context: CommandContext,
  { limit, requestId = '', dryRun = false, failOnError = false }: ValidateOptions,
  { prefixUri, shown, output, names }: Target,
): Promise<number> {
  const { terminal, json } = context;
  const style = ReportStyle.REPORT_STYLE_VALIDATION;
  const order = { prefixUri, suffixes: SUFFIXES, limit: limit ?? 0, style, output, requestId, replace: false };
  if (dryRun) return analyzeMany(context, order, { dryRun, failOnError });
  const found = await countAssets(context, prefixUri);
  if (json) terminal.print(JSON.stringify({ scan: { prefixUri, found } }));
  else {
    terminal.print(scanLine(shown, found));
    if (limit !== undefined) terminal.print(limitLine(limit));
    terminal.print('');
  }
  if (found === 0) {
    if (!json) terminal.print(doneLine({ succeeded: 0n, failed: 0n, skipped: 0n }));
    return EXIT.ok;
  }
  return analyzeMany(context, order, { expected: Math.min(found, limit ?? found), names, failOnError });
}

async function countAssets({ terminal, connection, signal }: CommandContext, prefixUri: string): Promise<number> {
  let found = 0;
  const client = await connection.client(DiscoveryServiceClient, 'discovery');
  const query = { prefixUri, suffixes: SUFFIXES, limit: 0 };
  for await (const assets of scanAssets(client, query, signal)) {
    found += assets.length;
    terminal.status(() => `scanning: ${formatCount(found)} found`);
  }
  terminal.status(undefined);
  return found;
}

function reportBeside(assetUri: string): string {
  return `${toStem(assetUri, false)}_report.json`;
}
