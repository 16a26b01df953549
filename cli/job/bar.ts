import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { createPace, failedRemark, progressLine } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { doneCount } from './text.ts';

const REDRAW_MS = 500;

/** The progress bar of a job. */
export interface JobBar {
  takeJob(job: Job): void;
  takeResult(result: TaskResult): void;
  /** Returns the newest known state of the job. */
  job(): Job | undefined;
  close(): void;
}

/**
 * Draws a job's progress until it is closed, with images a second where each asset has images.
 * Counts and results come by different calls; the bar shows the higher number.
 */
export function createJobBar(terminal: Pick<Terminal, 'status'>, imagesPerAsset?: number): JobBar {
  const [pace, renderedPace] = [createPace(), createPace()];
  const seen = { done: 0, failed: 0, reused: 0, rendered: 0 };
  let latest: Job | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const { state, counts } = latest;
    const done = Math.max(seen.done, Number(doneCount(latest)));
    const failed = Math.max(seen.failed, Number(counts?.failed ?? 0));
    const reused = Math.max(seen.reused, Number(counts?.reused ?? 0));
    const total = state === JobState.JOB_STATE_PLANNING ? undefined : Number(counts?.total ?? 0);
    // Reused results come all at once, so they do not count for the pace.
    const now = performance.now();
    const perSecond = pace.sample(now, done - reused);
    // Assets that fail are fast and have no images.
    const renderedPerSecond = renderedPace.sample(now, seen.rendered);
    const images = imagesPerAsset && renderedPerSecond ? imagesText(imagesPerAsset * renderedPerSecond) : '';
    const remark = [images, failedRemark(failed)].filter((part) => part !== '').join('  ');
    terminal.status((columns) => progressLine({ done, total, perSecond, remark }, columns));
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    takeJob(job) {
      latest = job;
      draw();
    },
    takeResult({ outcome, reused }) {
      seen.done += 1;
      if (outcome === Outcome.OUTCOME_FAILED) seen.failed += 1;
      if (reused) seen.reused += 1;
      else if (outcome === Outcome.OUTCOME_SUCCEEDED) seen.rendered += 1;
      draw();
    },
    job: () => latest,
    close() {
      clearInterval(timer);
      terminal.status(undefined);
    },
  };
}

function imagesText(perSecond: number): string {
  return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} images/s`;
}
