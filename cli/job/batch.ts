import { Job, type JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import type { CallLimits } from '../../services/kernel/rpc/client.ts';
import type { CommandContext } from '../connect/command-run.ts';
import { type JobCalls, within } from '../connect/job-calls.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/printable.ts';
import { fetchJobOutputs, type LocalOutput } from './local-results.ts';
import { PLAN_TIMEOUT_MS } from './plan.ts';
import { type ShowOptions, showJob } from './show.ts';

/** A job of many assets: how to create it, and where its results go. */
export interface BatchOrder {
  create(dryRun: boolean, limits: CallLimits): Promise<{ job?: Job | undefined; plan?: JobPlan | undefined }>;
  showPlan(calls: JobCalls, plan: JobPlan): Promise<void>;
  output: LocalOutput;
}

/** Options for running the job. */
export interface BatchOptions extends ShowOptions {
  dryRun?: boolean | undefined;
  detach?: boolean | undefined;
  /** Print the job's id before its results come. */
  announce?: boolean | undefined;
}

/** Starts a job and shows it to its end, or only its plan; returns the exit status. */
export async function runBatch(
  context: CommandContext,
  calls: JobCalls,
  { create, showPlan, output }: BatchOrder,
  options: BatchOptions,
): Promise<number> {
  const { terminal, signal, json } = context;
  const { dryRun = false, detach = false, announce = false, ...show } = options;
  if (dryRun) terminal.status(() => 'reading source and records');
  const { job, plan } = await create(dryRun, within(signal, dryRun ? PLAN_TIMEOUT_MS : undefined));
  terminal.status(undefined);
  if (dryRun) {
    await showPlan(calls, plan!);
    return EXIT.ok;
  }
  const { jobId } = job!;
  if (detach) {
    terminal.print(json ? JSON.stringify({ job: Job.toJSON(job!) }) : jobId);
    return EXIT.ok;
  }
  if (announce && !json) terminal.note(`job ${jobId}`);
  const code = await showJob(context, calls, jobId, show);
  const { fetch, uri, remark } = output;
  if (fetch !== undefined && !signal.aborted) await fetchJobOutputs(context, calls, { jobId, outputUri: uri }, fetch);
  if (fetch !== undefined && signal.aborted)
    terminal.note(`  fetch results into ${printable(fetch.dir)}:  run the same command again`);
  if (remark !== undefined && !json && !signal.aborted) terminal.note(remark);
  return code;
}
