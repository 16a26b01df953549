import type { Command } from 'commander';
import { Job, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { resolveJobId } from '../connect/job-calls.ts';
import { endText, exitCodeOfJob, followInTerminal } from '../job/follow-in-terminal.ts';
import { JOB_COLUMNS, JOB_HEADINGS, jobRow, jobRows } from '../job/text.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { collectOf, parseCount } from '../terminal/option-values.ts';
import { tableLines } from '../terminal/tables.ts';
import { registerResults } from './job-results.ts';

const STATES = {
  planning: JobState.JOB_STATE_PLANNING,
  running: JobState.JOB_STATE_RUNNING,
  succeeded: JobState.JOB_STATE_SUCCEEDED,
  cancelled: JobState.JOB_STATE_CANCELLED,
  failed: JobState.JOB_STATE_FAILED,
} as const;
const STATE_NAMES = Object.keys(STATES) as (keyof typeof STATES)[];

const JOB_ARGUMENT = ['<job>', 'job id, or `latest` for the newest job'] as const;
const LISTED_BY_DEFAULT = 20;
const LARGEST_PAGE = 1_000;

interface ListOptions extends ServerOptions {
  state?: (keyof typeof STATES)[];
  operation?: string;
  limit?: number;
}

interface FollowOptions extends ServerOptions {
  watch?: boolean;
  requestId?: string;
  failOnError?: boolean;
}

/** Adds `cyclorama job`. */
export function register(program: Command): void {
  const job = program.command('job').description('follow and steer jobs');
  addReads(job);
  addSteering(job);
  registerResults(job, JOB_ARGUMENT);
}

/** Adds the commands that read jobs. */
function addReads(job: Command): void {
  const get = withServer(
    job
      .command('get')
      .description('show a job')
      .argument(...JOB_ARGUMENT),
  ).action(action(showJob));
  addExamples(get, [['job get latest', 'state and counts of the newest job']]);
  const list = withServer(
    job
      .command('list')
      .description('list jobs, the newest first')
      .option(
        `--state <state>`,
        `only jobs in this state, repeatable: ${STATE_NAMES.join(', ')}`,
        collectOf(STATE_NAMES),
      )
      .option('--operation <name>', 'only jobs of this operation, such as analysis')
      .option('--limit <n>', `at most this many (default: ${LISTED_BY_DEFAULT})`, parseCount),
  ).action(action<ListOptions>(listJobs));
  addExamples(list, [
    ['job list --state running', 'what runs now'],
    ['job list --operation analysis --limit 5 --json', 'for scripts'],
  ]);
  const watch = withServer(
    job
      .command('watch')
      .description('follow a job to its end')
      .argument(...JOB_ARGUMENT)
      .option('--fail-on-error', `exit with ${EXIT.assetsFailed} when an asset failed`),
  ).action(action<FollowOptions>(watchJob));
  addExamples(watch, [
    ['job watch latest', 'follow the newest job'],
    ['job watch latest --fail-on-error', `exit with ${EXIT.assetsFailed} when an asset failed`],
  ]);
}

/** Adds the commands that change jobs. */
function addSteering(job: Command): void {
  const cancel = withServer(
    job
      .command('cancel')
      .description('cancel a job')
      .argument(...JOB_ARGUMENT),
  ).action(action(cancelJob));
  addExamples(cancel, [['job cancel latest', 'stop the newest job']]);
  const retry = withServer(
    job
      .command('retry')
      .description('create a new job for the failed assets of an ended one')
      .argument(...JOB_ARGUMENT)
      .option('--request-id <id>', 'makes the call safe to repeat')
      .option('--watch', 'follow the new job to its end')
      .option('--fail-on-error', `with --watch: exit with ${EXIT.assetsFailed} when an asset failed`),
  ).action(action<FollowOptions>(retryJob));
  addExamples(retry, [['job retry latest --watch', 'try the failed assets again and follow']]);
  const resume = withServer(
    job
      .command('resume')
      .description('resume the unfinished jobs of an output place after NATS lost its data')
      .argument('<output-uri>', 's3://bucket/prefix/ that the jobs write to'),
  ).action(action(resumeJobs));
  addExamples(resume, [['job resume s3://samples/', 'resume after NATS lost its data']]);
}

async function showJob(context: CommandContext, _: ServerOptions, [word]: string[]): Promise<number> {
  const calls = await context.connection.jobs();
  const { job } = await calls.get(await resolveJobId(calls, word!, context.signal), context.signal);
  show(context, job!);
  return EXIT.ok;
}

async function listJobs({ terminal, connection, signal, json }: CommandContext, options: ListOptions): Promise<number> {
  const { state = [], operation = '', limit = LISTED_BY_DEFAULT } = options;
  const states = state.map((name) => STATES[name]);
  const jobs: Job[] = [];
  const calls = await connection.jobs();
  let pageToken = '';
  do {
    const pageSize = Math.min(limit, LARGEST_PAGE);
    const page = await calls.list({ pageSize, pageToken, states, operation }, signal);
    jobs.push(...page.jobs);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && jobs.length < limit);
  const shown = jobs.slice(0, limit);
  if (json) for (const job of shown) terminal.print(JSON.stringify(Job.toJSON(job)));
  else if (shown.length === 0) terminal.note('no jobs');
  else for (const line of tableLines(JOB_COLUMNS, [JOB_HEADINGS, ...shown.map(jobRow)])) terminal.print(line);
  return EXIT.ok;
}

async function watchJob(context: CommandContext, options: FollowOptions, [word]: string[]): Promise<number> {
  const calls = await context.connection.jobs();
  const jobId = await resolveJobId(calls, word!, context.signal);
  // Following waits for a server that restarts, but a server that does not answer at the start is an error.
  await calls.get(jobId, context.signal);
  return follow(context, jobId, options);
}

async function cancelJob(context: CommandContext, _: ServerOptions, [word]: string[]): Promise<number> {
  const calls = await context.connection.jobs();
  const { job } = await calls.cancel(await resolveJobId(calls, word!, context.signal), context.signal);
  show(context, job!);
  return EXIT.ok;
}

async function retryJob(context: CommandContext, options: FollowOptions, [word]: string[]): Promise<number> {
  const calls = await context.connection.jobs();
  const jobId = await resolveJobId(calls, word!, context.signal);
  const { job } = await calls.retry({ jobId, requestId: options.requestId ?? '' }, context.signal);
  if (options.watch) return follow(context, job!.jobId, options);
  show(context, job!);
  return EXIT.ok;
}

async function resumeJobs(context: CommandContext, _: ServerOptions, [outputUri]: string[]): Promise<number> {
  const calls = await context.connection.jobs();
  const { jobs } = await calls.resume(outputUri!, context.signal);
  for (const job of jobs) show(context, job);
  return EXIT.ok;
}

async function follow(context: CommandContext, jobId: string, options: FollowOptions): Promise<number> {
  const { terminal, connection, json } = context;
  const job = await followInTerminal(context, await connection.jobs(), jobId);
  if (job === undefined) return EXIT.interrupted;
  if (!json) {
    show(context, job);
    const end = endText(job);
    if (end !== '') terminal.note(end);
  }
  return exitCodeOfJob(job, options.failOnError ?? false);
}

function show({ terminal, json }: CommandContext, job: Job): void {
  if (json) terminal.print(JSON.stringify(Job.toJSON(job)));
  else for (const line of tableLines(['left', 'left'], jobRows(job))) terminal.print(line);
}
