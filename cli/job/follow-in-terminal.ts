import { Job, JobState, TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { isEnded } from '../../services/kernel/jobs/state.ts';
import type { CommandContext } from '../connect/command-run.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { absentServer } from '../terminal/error-text.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/printable.ts';
import { createJobBar } from './bar.ts';
import { followJob } from './follow.ts';

/** Least time between two warnings about a server that does not answer. */
const TROUBLE_NOTE_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;

/** Options for following a job. */
export interface FollowOptions {
  onResult?: (result: TaskResult, job: Job | undefined) => void;
  /** Images of each asset; with it the bar shows images a second. */
  imagesPerAsset?: number | undefined;
}

type FollowContext = Pick<CommandContext, 'terminal' | 'signal' | 'json' | 'serverWords' | 'stackEnds'>;

/**
 * Follows a job with a progress bar; with --json it prints each result as a line of JSON.
 * Returns the ended job, or undefined after Ctrl-C.
 */
export async function followInTerminal(
  { terminal, signal, json, serverWords, stackEnds = false }: FollowContext,
  calls: JobCalls,
  jobId: string,
  { onResult, imagesPerAsset }: FollowOptions = {},
): Promise<Job | undefined> {
  const bar = createJobBar(terminal, imagesPerAsset);
  let lastNote = Number.NEGATIVE_INFINITY;
  const takeResult = (result: TaskResult): void => {
    bar.takeResult(result);
    if (json) terminal.print(JSON.stringify({ result: TaskResult.toJSON(result) }));
    else onResult?.(result, bar.job());
  };
  const warned = new Set<string>();
  const takeJob = (job: Job): void => {
    bar.takeJob(job);
    if (isEnded(job.state)) return;
    for (const warning of job.warnings.filter((text) => !warned.has(text))) {
      warned.add(warning);
      terminal.note(`warning: ${printable(warning)}`);
    }
  };
  try {
    const ended = await followJob(
      calls,
      jobId,
      {
        onJob: takeJob,
        ...(onResult === undefined ? {} : { onResult: takeResult }),
        onTrouble(error) {
          if (performance.now() - lastNote < TROUBLE_NOTE_MS) return;
          lastNote = performance.now();
          terminal.note(`warning: ${absentServer(error) ?? error.message}; trying again`);
        },
      },
      signal,
    );
    bar.close();
    if (json) terminal.print(JSON.stringify({ job: Job.toJSON(ended) }));
    return ended;
  } catch (error) {
    bar.close();
    if (!signal.aborted) throw error;
    if (stackEnds) terminal.note(`Job ${jobId} continues when the local stack is started again.`);
    else await leave({ terminal, signal, serverWords }, calls, jobId);
    return undefined;
  }
}

/** Returns the exit status for the end of a job. */
export function exitCodeOfJob(job: Pick<Job, 'state' | 'counts'>, failOnError: boolean): number {
  if (job.state !== JobState.JOB_STATE_SUCCEEDED) return EXIT.failed;
  return failOnError && (job.counts?.failed ?? 0n) > 0n ? EXIT.assetsFailed : EXIT.ok;
}

/** Writes how a job ended that did not succeed; empty for one that did. */
export function endText(job: Job): string {
  const { state, failure, jobId } = job;
  if (state === JobState.JOB_STATE_FAILED) {
    return `[FAILED] Job ${jobId} failed${failure === undefined ? '' : `: ${failure.reason}: ${failure.message}`}`;
  }
  if (state !== JobState.JOB_STATE_CANCELLED) return '';
  return `[CANCELLED] Job ${jobId} was cancelled after ${finishedCount(job)} of ${job.counts?.total ?? 0} files.`;
}

/** Stops following a job; on a terminal it asks first whether to cancel the job. */
async function leave(
  { terminal, signal, serverWords }: Pick<CommandContext, 'terminal' | 'signal' | 'serverWords'>,
  calls: Pick<JobCalls, 'cancel'>,
  jobId: string,
): Promise<void> {
  // SIGTERM comes from programs, which cannot answer.
  const asked = terminal.interactive && String(signal.reason).includes('SIGINT');
  const answer = asked
    ? await terminal.ask(`Cancel job ${jobId} too? [y/N] `, AbortSignal.timeout(ANSWER_TIMEOUT_MS))
    : '';
  if (/^y(es)?$/i.test(answer.trim())) {
    await calls.cancel(jobId, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    terminal.note(`Job ${jobId} is cancelled.`);
    return;
  }
  terminal.note(`Job ${jobId} continues without this command.`);
  terminal.note(`  follow it:  npx cyclorama job watch ${jobId}${serverWords}`);
  terminal.note(`  cancel it:  npx cyclorama job cancel ${jobId}${serverWords}`);
}

function finishedCount({ counts }: Job): bigint {
  return counts === undefined ? 0n : counts.succeeded + counts.failed + counts.skipped;
}
