import { JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import type { CommandContext } from '../connect/command-run.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { countOf, formatBytes, formatClock } from '../terminal/figures.ts';
import { tableLines } from '../terminal/tables.ts';
import { type MeasuredRate, measureRate } from './measured-rate.ts';

/** Planning reads the whole source, which takes minutes for millions of assets. */
export const PLAN_TIMEOUT_MS = 3_600_000;

/** Shows a job's plan and the expected time. */
export async function showPlan(
  { terminal, signal, json }: Pick<CommandContext, 'terminal' | 'signal' | 'json'>,
  calls: Pick<JobCalls, 'list'>,
  operation: string,
  plan: JobPlan,
): Promise<void> {
  const rate = await measureRate(calls, operation, signal);
  if (json) terminal.print(JSON.stringify({ plan: JobPlan.toJSON(plan), estimate: estimateOf(plan, rate) }));
  else for (const line of planLines(plan, rate)) terminal.print(line);
}

/** Writes a plan for people. */
export function planLines(plan: JobPlan, rate: MeasuredRate | undefined, more: string[][] = []): string[] {
  const { total = 0n, reused = 0n, failed = 0n } = plan.counts ?? {};
  const pending = pendingOf(plan);
  const errors = failed > 0n ? `, ${countOf(failed, 'error')} among them` : '';
  return [
    ...tableLines(
      ['left', 'left'],
      [
        ['assets', `${total} (${formatBytes(plan.totalBytes)})`],
        ['already done', `${reused}${errors}`],
        ['to do', `${pending} (${formatBytes(plan.pendingBytes)})`],
        ['estimated time', estimateText(plan, rate)],
        ...more,
      ],
    ),
    '[DRY RUN] Nothing was started.',
  ];
}

function estimateText(plan: JobPlan, rate: MeasuredRate | undefined): string {
  if (pendingOf(plan) === 0n) return 'none, nothing is left to do';
  const estimate = estimateOf(plan, rate);
  if (estimate === null || rate === undefined) return 'no rate measured yet';
  const perSecond = rate.perSecond.toFixed(rate.perSecond < 10 ? 1 : 0);
  return `${formatClock(estimate.seconds)} (${perSecond} assets/s, measured in ${countOf(rate.jobs, 'job')})`;
}

/** Estimates the time for the rest of a plan from a measured rate; null without a rate. */
export function estimateOf(plan: JobPlan, rate: MeasuredRate | undefined): (MeasuredRate & { seconds: number }) | null {
  return rate === undefined ? null : { seconds: Number(pendingOf(plan)) / rate.perSecond, ...rate };
}

/** Counts the assets of a plan that are still to do. */
export function pendingOf({ counts }: JobPlan): bigint {
  return (counts?.total ?? 0n) - (counts?.reused ?? 0n);
}
