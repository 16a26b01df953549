import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { DEFAULTS } from '../../services/images/defaults.ts';
import { qualityOf } from '../../services/images/presets.ts';
import { countViews } from '../../services/images/views.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { resultsRequest } from '../job/follow.ts';
import { type MeasuredRate, rateOf } from '../job/measured-rate.ts';

const LOOKED_AT = 100;
/** Stages of an asset that occupy a Blender. */
const BLENDER_STAGES = ['import', 'render'];

/** Speed of recent renderings. */
export interface RenderPace {
  rate: MeasuredRate;
  /** Says whether size, samples, denoiser and views were the same; else the pace is a guess by the number of views. */
  alike: boolean;
  /** Device of Cycles; empty if the results are no longer kept. */
  device: string;
  /** Seconds that an asset occupied a Blender; undefined if the results are no longer kept. */
  blenderSeconds: number | undefined;
}

/** Measures the speed of renderings like this one; undefined if none did any work yet. */
export async function measureRenderPace(
  calls: Pick<JobCalls, 'list' | 'results'>,
  spec: RenderSpec,
  signal: AbortSignal,
): Promise<RenderPace | undefined> {
  const states = [JobState.JOB_STATE_SUCCEEDED];
  const { jobs } = await calls.list({ pageSize: LOOKED_AT, pageToken: '', states, operation: 'rendering' }, signal);
  const wanted = effortOf(spec);
  const same = jobs.filter((job) => effortOf(specOf(job)) === wanted);
  const alike = rateOf(same) !== undefined;
  const judged = alike ? same : jobs;
  // Time grows with the number of views, since import and upload are a small part of it.
  const weights = judged.map((job) => (alike ? 1 : countViews(specOf(job)) / countViews(spec)));
  const rate = rateOf(judged, weights);
  if (rate === undefined) return undefined;
  const newest = judged.find((job) => rateOf([job]) !== undefined)!;
  const { results } = await calls.results({ ...resultsRequest(newest.jobId), pageSize: 100 }, signal);
  const measured = results.filter(({ outcome, reused }) => outcome === Outcome.OUTCOME_SUCCEEDED && !reused);
  const scale = alike ? 1 : countViews(spec) / countViews(specOf(newest));
  return { rate, alike, device: deviceOf(measured), blenderSeconds: meanBlenderSeconds(measured, scale) };
}

/** Writes the settings that take time as text: renderings with the same text have the same pace. */
function effortOf(spec: RenderSpec): string {
  const quality = qualityOf(spec.preset);
  const width = spec.width || DEFAULTS.width;
  const height = spec.height || width;
  const [samples, denoising] = [spec.samples || quality.samples, spec.denoising || quality.denoising];
  return [width, height, samples, denoising, countViews(spec)].join(' ');
}

function specOf({ spec }: Job): RenderSpec {
  return RenderSpec.fromJSON(spec ?? {});
}

function deviceOf(results: TaskResult[]): string {
  const device: unknown = results[0]?.detail?.device;
  return typeof device === 'string' ? device : '';
}

function meanBlenderSeconds(results: TaskResult[], scale: number): number | undefined {
  if (results.length === 0) return undefined;
  const seconds = results.map(({ stageSeconds }) =>
    BLENDER_STAGES.reduce((sum, stage) => sum + (stageSeconds[stage] ?? 0), 0),
  );
  return (seconds.reduce((sum, each) => sum + each, 0) / results.length) * scale;
}
