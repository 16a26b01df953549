import { AnalysisServiceClient, type ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';
import type { CommandContext } from '../connect/command-run.ts';
import { type BatchOptions, runBatch } from '../job/batch.ts';
import type { LocalOutput } from '../job/local-results.ts';
import { showPlan } from '../job/plan.ts';
import { assetLines, type ConsoleNames } from './exercise-console.ts';

/** The assets to analyse, and how. */
export interface AnalysisOrder {
  prefixUri: string;
  suffixes: string[];
  /** Most assets to analyse; 0 means all. */
  limit: number;
  style: ReportStyle;
  /** Place for the results; an empty URI puts them beside the assets. */
  output: LocalOutput;
  requestId: string;
  replace: boolean;
}

/** Options for running the job, and names on the console. */
export interface ManyOptions extends Omit<BatchOptions, 'resultLines' | 'imagesPerAsset'> {
  names?: ConsoleNames;
}

/**
 * Starts an analysis job and shows it with the console lines of the batch exercise, or shows only its plan.
 * Returns the exit status.
 */
export async function analyzeMany(
  context: CommandContext,
  order: AnalysisOrder,
  { names = {}, ...options }: ManyOptions,
): Promise<number> {
  const { connection } = context;
  const client = await connection.client(AnalysisServiceClient, 'analysis');
  const { prefixUri, suffixes, limit, style, output, requestId, replace } = order;
  const source = { source: { $case: 'prefix', value: { prefixUri, suffixes, limit: BigInt(limit) } } } as const;
  const request = { source, spec: { style }, outputUri: output.uri, requestId, replace };
  return runBatch(
    context,
    await connection.jobs(),
    {
      create: (dryRun, limits) => callUnary(client, client.createAnalysisJob, { ...request, dryRun }, limits),
      showPlan: (calls, plan) => showPlan(context, calls, 'analysis', plan),
      output,
    },
    { ...options, resultLines: (result, index, total) => assetLines(result, index, total, names) },
  );
}
