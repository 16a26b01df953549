import { countOf, formatClock } from './figures.ts';

/** Where a piece of work stands. */
export interface ProgressState {
  done: number;
  /** Undefined while it is still being counted. */
  total: number | undefined;
  /** Things a second; undefined before there is anything to judge by. */
  perSecond: number | undefined;
  /** What more there is to say, such as `2 failed`. */
  remark?: string;
}

const BAR_WIDTH = 24;

/** Draws one line of at most `columns` characters: count, bar, share, rate and expected time left. */
export function progressLine({ done, total, perSecond, remark = '' }: ProgressState, columns: number): string {
  const rate = perSecond === undefined ? '' : `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`;
  const parts =
    total === undefined
      ? [`${done} of ?`, rate, remark]
      : [`${done}/${total}`, bar(done, total), share(done, total), rate, eta(done, total, perSecond), remark];
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .slice(0, Math.max(0, columns - 1));
}

/** How fast something goes, judged by the last half minute. */
export interface Pace {
  /** Takes a count at a time (milliseconds) and returns things a second. */
  sample(nowMs: number, done: number): number | undefined;
}

/** Creates a pace that looks back over `windowMs`. */
export function createPace(windowMs = 30_000): Pace {
  let samples: { nowMs: number; done: number }[] = [];
  return {
    sample(nowMs, done) {
      samples.push({ nowMs, done });
      // One sample older than the window stays, so that slow work still has a rate.
      const old = samples.findLastIndex((sample) => nowMs - sample.nowMs >= windowMs);
      if (old > 0) samples = samples.slice(old);
      const first = samples[0]!;
      const seconds = (nowMs - first.nowMs) / 1000;
      return seconds <= 0 || done <= first.done ? undefined : (done - first.done) / seconds;
    },
  };
}

/** Says how many failed; empty for none. */
export function failedRemark(failed: number | bigint): string {
  return Number(failed) === 0 ? '' : countOf(failed, 'error');
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR_WIDTH : Math.floor((BAR_WIDTH * Math.min(done, total)) / total);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
}

function share(done: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((100 * Math.min(done, total)) / total)}%`.padStart(4);
}

function eta(done: number, total: number, perSecond: number | undefined): string {
  if (done >= total) return '';
  return perSecond === undefined ? 'ETA -:--' : `ETA ${formatClock((total - done) / perSecond)}`;
}
