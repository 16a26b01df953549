import { JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import type { CommandContext } from '../connect/command-run.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { estimateOf, pendingOf, planLines } from '../job/plan.ts';
import { measureRenderPace, type RenderPace } from './pace.ts';
import { countImages } from './spec.ts';

/** Shows a rendering's plan, the expected time, and the hours of a GPU or CPU. */
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

/** Computes the hours of one Blender with its share of the machine; with one GPU a slot these are GPU hours. */
function hoursOf(plan: JobPlan, pace: RenderPace | undefined): number | undefined {
  if (pace?.blenderSeconds === undefined) return undefined;
  return (Number(pendingOf(plan)) * pace.blenderSeconds) / 3600;
}
