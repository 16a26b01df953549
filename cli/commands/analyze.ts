import { type Command, Option } from 'commander';
import { AnalysisServiceClient, AnalyzeAssetResponse, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';
import { parseObjectUri } from '../../services/kernel/uri.ts';
import { analyzeMany } from '../analysis/many.ts';
import { reportLines } from '../analysis/report-text.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { within } from '../connect/job-calls.ts';
import { type PlacedSource, withLocalSource } from '../files/local-source.ts';
import {
  checkOutputFolder,
  folderOutput,
  isPrefixWord,
  isS3Word,
  needsPrefix,
  readSourceWord,
} from '../files/source-word.ts';
import { fetchInto, type LocalOutput, readLocalOutput } from '../job/local-results.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { collect, parseCount } from '../terminal/option-values.ts';

const STYLES = {
  validation: ReportStyle.REPORT_STYLE_VALIDATION,
  inspection: ReportStyle.REPORT_STYLE_INSPECTION,
} as const;

/** The server has its own limit (10 minutes by default); this one ends the call if the server never answers. */
export const ANALYZE_TIMEOUT_MS = 3_600_000;

interface AnalyzeOptions extends ServerOptions {
  prefix?: boolean;
  output?: string;
  style: keyof typeof STYLES;
  suffix?: string[];
  limit?: number;
  requestId?: string;
  replace?: boolean;
  dryRun?: boolean;
  detach?: boolean;
  failOnError?: boolean;
}

/** Adds `cyclorama analyze`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('analyze')
      .description('report on the geometry of one asset, or of every asset below a prefix or in a folder')
      .argument('<source>', 's3://bucket/key of an asset, s3://bucket/prefix/ ending with a slash, a file or a folder')
      .option('--prefix', 'take the URI as a prefix though it does not end with a slash')
      .option(
        '--output <dir-or-uri>',
        's3://bucket/prefix/ that takes reports and records; a folder, for local sources',
      )
      .addOption(
        new Option('--style <style>', 'JSON of the report file').choices(Object.keys(STYLES)).default('validation'),
      )
      .option('--suffix <suffix>', 'many assets: accepted ending, repeatable (default: .glb)', collect)
      .option('--limit <n>', 'many assets: at most this many', parseCount)
      .option('--request-id <id>', 'makes the call safe to repeat: the same id gives the same job')
      .option('--replace', "many assets: take over an output place that holds another spec's dataset")
      .option(
        '--dry-run',
        'prefix only: show the number of assets, how many are done and the expected time; start nothing',
      )
      .addOption(new Option('--detach', 'prefix only: print the job id and return').conflicts('watch'))
      .option('--watch', 'many assets: follow the job to its end (the default)')
      .option('--fail-on-error', `many assets: exit with ${EXIT.assetsFailed} when an asset failed`),
  ).action(action<AnalyzeOptions>(analyze));
  addExamples(command, [
    ['analyze s3://samples/chair.glb', 'one asset'],
    ['analyze s3://samples/ --output s3://reports/samples/', 'all .glb below a prefix'],
    [
      'analyze s3://samples/ --output s3://reports/samples/ --dry-run',
      'how many assets are done, and the expected time',
    ],
    ['analyze ./models --suffix .gltf --suffix .obj --output ./reports', 'a folder, reports into another'],
    ['analyze ./chair.glb --json', 'a file, as JSON'],
  ]);
}

async function analyze(context: CommandContext, options: AnalyzeOptions, [word]: string[]): Promise<number> {
  const source = await readSourceWord(word!);
  const { output, style, suffix = [], limit = 0 } = options;
  const many = source.kind === 's3' ? isPrefixWord(source.uri, options.prefix) : source.kind === 'folder';
  checkOptions(options, source.kind === 's3', many);
  if (source.kind === 's3') {
    const place = { uri: output ?? '' };
    return many
      ? analyzePrefix(context, options, source.uri, place)
      : analyzeAsset(context, options, source.uri, place);
  }
  await checkOutputFolder(output);
  const query = { suffixes: suffix.length === 0 ? ['.glb'] : suffix, limit };
  return withLocalSource(context, source.path, query, (placed, store) => {
    const place = readLocalOutput(output, placed.outputUri(`analysis-${style}`), store);
    if (many) return analyzePrefix(context, options, placed.prefixUri, place, placed);
    return analyzeAsset(context, options, placed.uri, output === undefined ? { uri: '' } : place, placed);
  });
}

/** Refuses options that do not work with the source. */
function checkOptions({ output, dryRun, detach }: AnalyzeOptions, inBucket: boolean, many: boolean): void {
  if (inBucket && output !== undefined && !isS3Word(output)) throw folderOutput(output);
  if (dryRun && !(inBucket && many)) throw needsPrefix('--dry-run');
  if (detach && !(inBucket && many)) throw needsPrefix('--detach');
}

async function analyzeAsset(
  context: CommandContext,
  { style, requestId = '' }: AnalyzeOptions,
  uri: string,
  { uri: outputUri, fetch }: LocalOutput,
  placed?: PlacedSource,
): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const client = await connection.client(AnalysisServiceClient, 'analysis');
  const request = { uri, spec: { style: STYLES[style] }, outputUri, requestId };
  const limits = within(signal, ANALYZE_TIMEOUT_MS);
  const answer = await callUnary(client, client.analyzeAsset, request, limits);
  const name = placed?.nameOf(uri) ?? uri;
  if (json) terminal.print(JSON.stringify(AnalyzeAssetResponse.toJSON(answer)));
  else {
    // A fetched report is removed from the store, and `fetchInto` prints where it went.
    for (const line of reportLines(name, answer.report!, fetch === undefined ? answer.reportUri : ''))
      terminal.print(line);
  }
  if (fetch !== undefined) {
    const report = await fetch.store.head(parseObjectUri(answer.reportUri, 'report_uri'), signal);
    if (report !== undefined) await fetchInto(context, placed!.outputsBelow(outputUri), [report], fetch);
  }
  return EXIT.ok;
}

function analyzePrefix(
  context: CommandContext,
  options: AnalyzeOptions,
  prefixUri: string,
  output: LocalOutput,
  placed?: PlacedSource,
): Promise<number> {
  const { style, suffix = [], limit = 0, requestId = '', replace = false, failOnError = false } = options;
  const order = { prefixUri, suffixes: suffix, limit, style: STYLES[style], output, requestId, replace };
  const { dryRun, detach } = options;
  const names = placed === undefined ? {} : { nameOf: placed.nameOf };
  return analyzeMany(context, order, { failOnError, names, dryRun, detach, announce: true });
}
