import type { Job, TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import type { CommandContext } from '../connect/command-run.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/printable.ts';
import { endText, exitCodeOfJob, followInTerminal } from './follow-in-terminal.ts';
import { doneLine, type Line, reusedLine } from './lines.ts';

/** Makes the lines of one result; `index` counts results from 1. */
export type ResultLines = (result: TaskResult, index: number, total: number | '?') => Line[];

/** Options for showing a job. */
export interface ShowOptions {
  resultLines: ResultLines;
  /** Number of assets, if the caller has counted them. */
  expected?: number | undefined;
  failOnError: boolean;
  /** Images of each asset; with it the bar shows images a second. */
  imagesPerAsset?: number | undefined;
}

/** Follows a job to its end; returns the exit status. */
export async function showJob(
  context: Pick<CommandContext, 'terminal' | 'signal' | 'json' | 'serverWords' | 'stackEnds'>,
  calls: JobCalls,
  jobId: string,
  { resultLines, expected, failOnError, imagesPerAsset }: ShowOptions,
): Promise<number> {
  const { terminal, json } = context;
  let index = 0;
  const onResult = (result: TaskResult, job: Job | undefined): void => {
    index += 1;
    for (const { text, tone } of resultLines(result, index, expected ?? totalOf(job)))
      terminal.print(tone === 'error' ? terminal.paint('red', text) : text);
  };
  const job = await followInTerminal(context, calls, jobId, { onResult, imagesPerAsset });
  if (job === undefined) return EXIT.interrupted;
  if (!json) {
    const { reused = 0n, total = 0n } = job.counts ?? {};
    if (total === 0n && expected === undefined && endText(job) === '')
      terminal.note('Nothing was found: no asset there has an accepted ending (--suffix).');
    if (reused > 0n) terminal.print(reusedLine(reused, total));
    for (const warning of job.warnings) terminal.note(`warning: ${printable(warning)}`);
    const end = endText(job);
    terminal.print(end === '' ? terminal.paint('green', doneLine(job.counts!)) : terminal.paint('red', end));
  }
  return exitCodeOfJob(job, failOnError);
}

/** Returns the number of assets, which is not known while the job still reads its source. */
function totalOf(job: Job | undefined): number | '?' {
  if (job?.counts === undefined || job.state === JobState.JOB_STATE_PLANNING) return '?';
  return Number(job.counts.total);
}
