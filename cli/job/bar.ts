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
  /** The job as it was told last. */
  job(): Job | undefined;
  close(): void;
}

/** Draws a job's progress until it is closed, with a pace in images where each asset has some. Counts and results come apart; whichever is ahead is shown. */
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
    // What an earlier job did comes in a flood and says nothing about how long the rest will take.
    const now = performance.now();
    const perSecond = pace.sample(now, done - reused);
    // Assets that fail come fast, and have no images.
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
