import type { Command } from 'commander';
import { ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { callUnary } from '../../services/kernel/rpc-client.ts';
import { parseS3Uri } from '../../services/kernel/uri.ts';
import { showAnalysisJob } from '../analysis-job.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../command-run.ts';
import { doneLine, limitLine, scanLine } from '../exercise-console.ts';
import { EXIT } from '../exit-codes.ts';
import { formatCount } from '../figures.ts';
import { within } from '../job-calls.ts';
import { parseCount } from '../option-values.ts';
import { scanAssets } from '../scan.ts';

/** What `validate` is asked; the demo asks the same. */
export interface ValidateOptions extends ServerOptions {
  limit?: number;
  requestId?: string;
  failOnError?: boolean;
}

/** Adds `cyclorama validate`. */
export function register(program: Command): void {
  withServer(
    program
      .command('validate')
      .description('analyse every .glb below a prefix and put a report beside each (the batch exercise)')
      .argument('<bucket>', 'name of the bucket')
      .argument('[prefix]', 'prefix of the keys', '')
      .option('--limit <n>', 'at most so many files', parseCount)
      .option('--request-id <id>', 'makes the call safe to repeat: the same id gives the same job')
      .option('--fail-on-error', `exit with ${EXIT.assetsFailed} when a file failed`),
  ).action(
    action<ValidateOptions>((context, options, [bucket, prefix = '']) => validate(context, options, bucket!, prefix)),
  );
}

/** Counts the files, starts the job and shows it as the exercise has it; returns the exit status. */
export async function validate(
  context: CommandContext,
  { limit, requestId = '', failOnError = false }: ValidateOptions,
  bucket: string,
  prefix: string,
): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const prefixUri = `s3://${bucket}/${prefix}`;
  parseS3Uri(prefixUri, 'BUCKET PREFIX');
  const found = await countAssets(context, prefixUri);
  if (json) terminal.print(JSON.stringify({ scan: { prefixUri, found } }));
  else {
    terminal.print(scanLine(prefixUri, found));
    if (limit !== undefined) terminal.print(limitLine(limit));
    terminal.print('');
  }
  if (found === 0) {
    if (!json) terminal.print(doneLine({ succeeded: 0n, failed: 0n, skipped: 0n }));
    return EXIT.ok;
  }
  const analysis = connection.analysis();
  const prefixSource = { prefixUri, suffixes: ['.glb'], limit: BigInt(limit ?? 0) };
  const { job } = await callUnary(
    analysis,
    analysis.createAnalysisJob,
    {
      source: { source: { $case: 'prefix', value: prefixSource } },
      spec: { style: ReportStyle.REPORT_STYLE_VALIDATION },
      outputUri: '',
      requestId,
      replace: false,
      dryRun: false,
    },
    within(signal),
  );
  return showAnalysisJob(context, connection.jobs(), job!.jobId, {
    expected: Math.min(found, limit ?? found),
    reportUri: reportBeside,
    failOnError,
  });
}

async function countAssets({ terminal, connection, signal }: CommandContext, prefixUri: string): Promise<number> {
  let found = 0;
  const query = { prefixUri, suffixes: ['.glb'], limit: 0 };
  for await (const assets of scanAssets(connection.discovery(), query, signal)) {
    found += assets.length;
    terminal.status(() => `scanning: ${formatCount(found)} found`);
  }
  terminal.status(undefined);
  return found;
}

function reportBeside(assetUri: string): string {
  return assetUri.replace(/\.[^./]+$/, '_report.json');
}
