import type { Command } from 'commander';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import type { ListTaskResultsRequest } from '../../gen/cyclorama/job/v1/job_service.ts';
import { isEnded } from '../../services/kernel/jobs/state.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { type JobCalls, resolveJobId } from '../connect/job-calls.ts';
import { resultLines } from '../job/text.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { collectOf, parseCount } from '../terminal/option-values.ts';

const OUTCOMES = {
  succeeded: Outcome.OUTCOME_SUCCEEDED,
  failed: Outcome.OUTCOME_FAILED,
  skipped: Outcome.OUTCOME_SKIPPED,
  cancelled: Outcome.OUTCOME_CANCELLED,
} as const;
const OUTCOME_NAMES = Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[];

const PAGE_SIZE = 500;

interface ResultsOptions extends ServerOptions {
  failed?: boolean;
  outcome?: (keyof typeof OUTCOMES)[];
  log?: boolean;
  limit?: number;
}

/** Adds `cyclorama job results`. */
export function registerResults(job: Command, jobArgument: readonly [string, string]): void {
  const command = withServer(
    job
      .command('results')
      .description("list the results of a job's assets, in the order in which they were done")
      .argument(...jobArgument)
      .option('--failed', 'only failed assets, with their reasons')
      .option(
        '--outcome <outcome>',
        `only this outcome, repeatable: ${OUTCOME_NAMES.join(', ')}`,
        collectOf(OUTCOME_NAMES),
      )
      .option('--log', "with Blender's last log lines for each failure")
      .option('--limit <n>', 'at most this many', parseCount),
  ).action(action<ResultsOptions>(results));
  addExamples(command, [
    ['job results latest --failed --log', 'why assets failed'],
    ['job results latest --outcome succeeded --limit 10 --json', 'for scripts'],
  ]);
}

async function results(context: CommandContext, options: ResultsOptions, [word]: string[]): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const calls = await connection.jobs();
  const jobId = await resolveJobId(calls, word!, signal);
  const { job } = await calls.get(jobId, signal);
  const names = [...(options.outcome ?? []), ...(options.failed ? (['failed'] as const) : [])];
  const request: ListTaskResultsRequest = {
    jobId,
    outcomes: names.map((name) => OUTCOMES[name]),
    pageSize: Math.min(options.limit ?? PAGE_SIZE, PAGE_SIZE),
    pageToken: '',
    includeLog: options.log ?? false,
  };
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for await (const result of resultsSoFar(calls, request, signal)) {
    if (json) terminal.print(JSON.stringify(TaskResult.toJSON(result)));
    else for (const line of resultLines(result)) terminal.print(line);
    left -= 1;
    if (left === 0) return EXIT.ok;
  }
  if (!isEnded(job!.state)) terminal.note(`job ${jobId} is still running; these are its results so far`);
  return EXIT.ok;
}

/** Reads pages up to the last; while the job runs, up to the first without new results. */
async function* resultsSoFar(
  calls: Pick<JobCalls, 'results'>,
  request: ListTaskResultsRequest,
  signal: AbortSignal,
): AsyncGenerator<TaskResult> {
  let pageToken = '';
  for (;;) {
    const page = await calls.results({ ...request, pageToken }, signal);
    yield* page.results;
    if (page.nextPageToken === '' || page.nextPageToken === pageToken) return;
    pageToken = page.nextPageToken;
  }
}
