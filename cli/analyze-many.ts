import type { CreateAnalysisJobRequest, ReportStyle } from '../gen/cyclorama/analysis/v1/analysis.ts';
import { Job } from '../gen/cyclorama/job/v1/job.ts';
import { callUnary } from '../services/kernel/rpc-client.ts';
import { type ShowOptions, showAnalysisJob } from './analysis-job.ts';
import type { CommandContext } from './command-run.ts';
import { EXIT } from './exit-codes.ts';
import { within } from './job-calls.ts';
import { PLAN_TIMEOUT_MS, showPlan } from './job-plan.ts';
import { fetchJobOutputs, type LocalOutput } from './local-results.ts';
import { printable } from './printable.ts';

/** Which assets to analyse and how. */
export interface AnalysisOrder {
  prefixUri: string;
  suffixes: string[];
  /** At most so many; 0 means all. */
  limit: number;
  style: ReportStyle;
  /** Where results go; the empty URI: beside the assets. */
  output: LocalOutput;
  requestId: string;
  replace: boolean;
}

/** What to do with the job besides following it. */
export interface ManyOptions extends ShowOptions {
  dryRun?: boolean | undefined;
  detach?: boolean | undefined;
  /** Say the job's id before its results come. */
  announce?: boolean;
}

/** Starts an analysis job and shows it to its end, or only its plan; returns the exit status. */
export async function analyzeMany(
  context: CommandContext,
  order: AnalysisOrder,
  options: ManyOptions,
): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const { dryRun = false, detach = false, announce = false, ...show } = options;
  const client = await connection.analysis();
  const limits = within(signal, dryRun ? PLAN_TIMEOUT_MS : undefined);
  if (dryRun) terminal.status(() => 'reading source and records');
  const { job, plan } = await callUnary(client, client.createAnalysisJob, toRequest(order, dryRun), limits);
  terminal.status(undefined);
  const calls = await connection.jobs();
  if (dryRun) {
    await showPlan(context, calls, 'analysis', plan!);
    return EXIT.ok;
  }
  const { jobId } = job!;
  if (detach) {
    terminal.print(json ? JSON.stringify({ job: Job.toJSON(job!) }) : jobId);
    return EXIT.ok;
  }
  if (announce && !json) terminal.note(`job ${jobId}`);
  const code = await showAnalysisJob(context, calls, jobId, show);
  const { fetch, uri, remark } = order.output;
  if (fetch !== undefined && !signal.aborted) await fetchJobOutputs(context, calls, { jobId, outputUri: uri }, fetch);
  if (fetch !== undefined && signal.aborted)
    terminal.note(`  results in ${printable(fetch.dir)}:  the same command again`);
  if (remark !== undefined && !json && !signal.aborted) terminal.note(remark);
  return code;
}

function toRequest(order: AnalysisOrder, dryRun: boolean): CreateAnalysisJobRequest {
  const { prefixUri, suffixes, limit, style, output, requestId, replace } = order;
  return {
    source: { source: { $case: 'prefix', value: { prefixUri, suffixes, limit: BigInt(limit) } } },
    spec: { style },
    outputUri: output.uri,
    requestId,
    replace,
    dryRun,
  };
}
