import type { Command } from 'commander';
import { type Job, JobClass } from '../../gen/cyclorama/job/v1/job.ts';
import { toClosingPlaces } from '../../services/kernel/dataset/places.ts';
import { isEnded } from '../../services/kernel/jobs/state.ts';
import { toS3Uri } from '../../services/kernel/uri.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { resolveJobId } from '../connect/job-calls.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/printable.ts';

const MAX_REPORT_BYTES = 64 * 1024 ** 2;

/** Adds `cyclorama report`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('report')
      .description("print the report of a job's output place: approach, counts, failures by reason, times")
      .argument('<job>', 'job id, or `latest` for the newest job'),
  ).action(action(report));
  addExamples(command, [
    ['report latest', 'the newest job'],
    ['report latest > report.md', 'into a file'],
  ]);
}

async function report(context: CommandContext, _: ServerOptions, [word]: string[]): Promise<number> {
  const { terminal, connection, signal, json } = context;
  const calls = await connection.jobs();
  const { job } = await calls.get(await resolveJobId(calls, word!, signal), signal);
  const { jobId, outputUri, outputsBesideAssets } = job!;
  if (outputUri === '') throw new Error(`job ${jobId} writes nothing, so it has no report`);
  const { report: place } = toClosingPlaces(outputUri, outputsBesideAssets);
  const { store } = await connection.store();
  const found = await store.read(place, MAX_REPORT_BYTES, signal);
  if (found === undefined) {
    throw new Error(`job ${jobId} has no report at ${toS3Uri(place)}: ${absence(job!)}`);
  }
  const text = found.body.toString('utf8');
  if (json) terminal.print(JSON.stringify({ report: { uri: toS3Uri(place), text } }));
  else for (const line of text.trimEnd().split('\n')) terminal.print(printable(line));
  return EXIT.ok;
}

function absence(job: Job): string {
  if (job.jobClass === JobClass.JOB_CLASS_INTERACTIVE) return 'jobs of a single asset write none';
  if (!isEnded(job.state)) return 'it still runs, and its report is written when all its assets are done';
  return ['it ended without one', ...job.warnings].join('; ');
}
