import { JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import type { CommandContext } from '../connect/command-run.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { measureRenderPace, type RenderPace } from '../rendering/pace.ts';
import { countImages } from '../rendering/spec.ts';
import { countOf, formatBytes, formatClock } from '../terminal/figures.ts';
import { tableLines } from '../terminal/tables.ts';
import { type MeasuredRate, measureRate } from './measured-rate.ts';

/** Planning reads the whole source: a bucket of millions takes minutes. */
export const PLAN_TIMEOUT_MS = 3_600_000;

/** Shows what a job would do and how long that may take. */
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

/** Shows what a rendering would do, how long that may take, and how much of a GPU or CPU. */
export async function showRenderPlan(
  { terminal, signal, json }: Pick<CommandContext, 'terminal' | 'signal' | 'json'>,
  calls: Pick<JobCalls, 'list' | 'results'>,
  spec: RenderSpec,
  plan: JobPlan,
): Promise<void> {
  const pace = await measureRenderPace(calls, spec, signal);
  const hours = hoursOf(plan, pace);
  if (!json) for (const line of planLines(plan, pace?.rate, machineRows(plan, spec, pace))) terminal.print(line);
  else {
    const estimate = estimateOf(plan, pace?.rate);
    const machine = hours === undefined ? {} : { blenderHours: hours, device: pace!.device, alike: pace!.alike };
    terminal.print(JSON.stringify({ plan: JobPlan.toJSON(plan), estimate: estimate && { ...estimate, ...machine } }));
  }
}

function machineRows(plan: JobPlan, spec: RenderSpec, pace: RenderPace | undefined): string[][] {
  const rows = [['images', `${Number(pendingOf(plan)) * countImages(spec)} to make`]];
  const hours = hoursOf(plan, pace);
  if (hours === undefined || pendingOf(plan) === 0n) return rows;
  const { device, blenderSeconds, alike } = pace!;
  const kind = device === '' || device === 'CPU' ? 'CPU hours' : 'GPU hours';
  const each = `${blenderSeconds!.toFixed(1)} s of Blender an asset${device === '' ? '' : `, ${device}`}`;
  const text = hours < 0.01 ? 'under 0.01' : hours.toFixed(hours < 1 ? 2 : 1);
  rows.push([kind, `${text} (${each}${alike ? '' : '; guessed from other settings'})`]);
  return rows;
}

/** Hours of one Blender with its share of the machine: a GPU's, where each slot has one. */
function hoursOf(plan: JobPlan, pace: RenderPace | undefined): number | undefined {
  if (pace?.blenderSeconds === undefined) return undefined;
  return (Number(pendingOf(plan)) * pace.blenderSeconds) / 3600;
}

/** A plan for people. */
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

function estimateOf(plan: JobPlan, rate: MeasuredRate | undefined): (MeasuredRate & { seconds: number }) | null {
  return rate === undefined ? null : { seconds: Number(pendingOf(plan)) / rate.perSecond, ...rate };
}

function pendingOf({ counts }: JobPlan): bigint {
  return (counts?.total ?? 0n) - (counts?.reused ?? 0n);
}
