import { type Command, Option } from 'commander';
import { AnalyzeAssetResponse, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { Job } from '../../gen/cyclorama/job/v1/job.ts';
import { callUnary } from '../../services/kernel/rpc-client.ts';
import { parseS3Uri } from '../../services/kernel/uri.ts';
import { showAnalysisJob } from '../analysis-job.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../command-run.ts';
import { EXIT } from '../exit-codes.ts';
import { within } from '../job-calls.ts';
import { collect, parseCount } from '../option-values.ts';
import { reportLines } from '../report-text.ts';

const STYLES = {
  validation: ReportStyle.REPORT_STYLE_VALIDATION,
  inspection: ReportStyle.REPORT_STYLE_INSPECTION,
} as const;

/** The server ends a call by its own limit (10 minutes by default); this only keeps a silent one from holding us. */
const ANALYZE_TIMEOUT_MS = 3_600_000;

interface AnalyzeOptions extends ServerOptions {
  prefix?: boolean;
  output?: string;
  style: keyof typeof STYLES;
  suffix?: string[];
  limit?: number;
  requestId?: string;
  replace?: boolean;
  detach?: boolean;
  failOnError?: boolean;
}

/** Adds `cyclorama analyze`. */
export function register(program: Command): void {
  withServer(
    program
      .command('analyze')
      .description('report on the geometry of one asset, or of every asset below a prefix')
      .argument('<uri>', 's3://bucket/key of an asset, or s3://bucket/prefix/ ending with a slash')
      .option('--prefix', 'take the URI as a prefix though it does not end with a slash')
      .option('--output <uri>', 's3://bucket/prefix/ that takes reports and records')
      .addOption(
        new Option('--style <style>', 'JSON of the report file').choices(Object.keys(STYLES)).default('validation'),
      )
      .option('--suffix <suffix>', 'prefix only: accepted ending, repeatable (default: .glb)', collect)
      .option('--limit <n>', 'prefix only: at most so many assets', parseCount)
      .option('--request-id <id>', 'makes the call safe to repeat: the same id gives the same job')
      .option('--replace', "prefix only: take over an output place that holds another spec's dataset")
      .option('--detach', 'prefix only: print the job id and return')
      .option('--watch', 'prefix only: follow the job to its end (the default)')
      .option('--fail-on-error', `prefix only: exit with ${EXIT.assetsFailed} when an asset failed`),
  ).action(
    action<AnalyzeOptions>((context, options, [uri]) =>
      isPrefix(uri!, options) ? analyzePrefix(context, options, uri!) : analyzeAsset(context, options, uri!),
    ),
  );
}

function isPrefix(uri: string, { prefix = false }: AnalyzeOptions): boolean {
  return prefix || parseS3Uri(uri, 'URI').key === '' || uri.endsWith('/');
}

async function analyzeAsset(
  { terminal, connection, signal, json }: CommandContext,
  { output = '', style, requestId = '' }: AnalyzeOptions,
  uri: string,
): Promise<number> {
  const client = connection.analysis();
  const answer = await callUnary(
    client,
    client.analyzeAsset,
    { uri, spec: { style: STYLES[style] }, outputUri: output, requestId },
    within(signal, ANALYZE_TIMEOUT_MS),
  );
  if (json) terminal.print(JSON.stringify(AnalyzeAssetResponse.toJSON(answer)));
  else for (const line of reportLines(uri, answer.report!, answer.reportUri)) terminal.print(line);
  return EXIT.ok;
}

async function analyzePrefix(context: CommandContext, options: AnalyzeOptions, prefixUri: string): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const { output = '', style, suffix = [], limit = 0, requestId = '', replace = false } = options;
  const client = connection.analysis();
  const prefix = { prefixUri, suffixes: suffix, limit: BigInt(limit) };
  const { job } = await callUnary(
    client,
    client.createAnalysisJob,
    {
      source: { source: { $case: 'prefix', value: prefix } },
      spec: { style: STYLES[style] },
      outputUri: output,
      requestId,
      replace,
      dryRun: false,
    },
    within(signal),
  );
  if (options.detach) {
    terminal.print(json ? JSON.stringify({ job: Job.toJSON(job!) }) : job!.jobId);
    return EXIT.ok;
  }
  if (!json) terminal.note(`job ${job!.jobId}`);
  return showAnalysisJob(context, connection.jobs(), job!.jobId, { failOnError: options.failOnError ?? false });
}
