import { Job, JobState, TaskResult } from '../gen/cyclorama/job/v1/job.ts';
import type { CommandContext } from './command-run.ts';
import { EXIT } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import type { JobCalls } from './job-calls.ts';
import { doneCount } from './job-text.ts';
import { createPace, failedRemark, progressLine } from './progress.ts';

/** Servers that go away for a moment are mentioned at most this often. */
const TROUBLE_NOTE_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;

type FollowContext = Pick<CommandContext, 'terminal' | 'signal' | 'json' | 'stackEnds'>;

/**
 * Follows a job with a progress bar, and with a line of JSON each where --json was given.
 * Returns the ended job, or undefined when the user left it with Ctrl-C.
 */
export async function followInTerminal(
  { terminal, signal, json, stackEnds = false }: FollowContext,
  calls: JobCalls,
  jobId: string,
  onResult?: (result: TaskResult, job: Job | undefined) => void,
): Promise<Job | undefined> {
  const pace = createPace();
  let latest: Job | undefined;
  let lastNote = Number.NEGATIVE_INFINITY;
  const takeResult = (result: TaskResult): void => {
    if (json) terminal.print(JSON.stringify({ result: TaskResult.toJSON(result) }));
    else onResult?.(result, latest);
  };
  try {
    const ended = await followJob(
      calls,
      jobId,
      {
        onJob(job) {
          latest = job;
          terminal.status(statusOf(job, pace.sample(performance.now(), Number(doneCount(job) - reusedCount(job)))));
        },
        ...(onResult === undefined ? {} : { onResult: takeResult }),
        onTrouble({ message }) {
          if (performance.now() - lastNote < TROUBLE_NOTE_MS) return;
          lastNote = performance.now();
          terminal.note(`warning: ${message}; trying again`);
        },
      },
      signal,
    );
    terminal.status(undefined);
    if (json) terminal.print(JSON.stringify({ job: Job.toJSON(ended) }));
    return ended;
  } catch (error) {
    terminal.status(undefined);
    if (!signal.aborted) throw error;
    if (stackEnds) terminal.note(`Job ${jobId} goes on when the local stack is started again.`);
    else await leave({ terminal, signal }, calls, jobId);
    return undefined;
  }
}

/** The exit status that a job's end stands for. */
export function exitCodeOfJob(job: Pick<Job, 'state' | 'counts'>, failOnError: boolean): number {
  if (job.state !== JobState.JOB_STATE_SUCCEEDED) return EXIT.failed;
  return failOnError && (job.counts?.failed ?? 0n) > 0n ? EXIT.assetsFailed : EXIT.ok;
}

/** Says how a job that did not succeed ended; empty for one that did. */
export function endText(job: Job): string {
  const { state, failure, jobId } = job;
  if (state === JobState.JOB_STATE_FAILED) {
    return `[FAILED] Job ${jobId} failed${failure === undefined ? '' : `: ${failure.reason}: ${failure.message}`}`;
  }
  if (state !== JobState.JOB_STATE_CANCELLED) return '';
  return `[CANCELLED] Job ${jobId} was cancelled after ${finishedCount(job)} of ${job.counts?.total ?? 0} files.`;
}

function statusOf(job: Job, perSecond: number | undefined): (columns: number) => string {
  const planning = job.state === JobState.JOB_STATE_PLANNING;
  return (columns) =>
    progressLine(
      {
        done: Number(doneCount(job)),
        total: planning ? undefined : Number(job.counts?.total ?? 0),
        perSecond,
        remark: failedRemark(job.counts?.failed ?? 0),
      },
      columns,
    );
}

/** Leaves a job to itself, unless somebody is there to say that it should be cancelled. */
async function leave(
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
  calls: Pick<JobCalls, 'cancel'>,
  jobId: string,
): Promise<void> {
  // SIGTERM comes from programs, which answer no questions.
  const asked = terminal.interactive && String(signal.reason).includes('SIGINT');
  const answer = asked
    ? await terminal.ask(`Cancel job ${jobId} too? [y/N] `, AbortSignal.timeout(ANSWER_TIMEOUT_MS))
    : '';
  if (/^y(es)?$/i.test(answer.trim())) {
    await calls.cancel(jobId, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    terminal.note(`Job ${jobId} is cancelled.`);
    return;
  }
  terminal.note(`Job ${jobId} goes on without this command.`);
  terminal.note(`  follow it:  npx cyclorama job watch ${jobId}`);
  terminal.note(`  cancel it:  npx cyclorama job cancel ${jobId}`);
}

function reusedCount({ counts }: Job): bigint {
  return counts?.reused ?? 0n;
}

function finishedCount({ counts }: Job): bigint {
  return counts === undefined ? 0n : counts.succeeded + counts.failed + counts.skipped;
}
