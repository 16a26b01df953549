import type { JobCounts } from '../../gen/cyclorama/job/v1/job.ts';
import { countOf } from '../terminal/figures.ts';

/** A line of a result and its tone; a terminal shows errors in red. */
export interface Line {
  text: string;
  tone: 'plain' | 'error';
}

/** Makes a line without colour. */
export function plainLine(text: string): Line {
  return { text, tone: 'plain' };
}

/** Makes a line about a failure. */
export function errorLine(text: string): Line {
  return { text, tone: 'error' };
}

/** Writes the last line of a job that succeeded, with or without failed assets. */
export function doneLine(counts: Pick<JobCounts, 'succeeded' | 'failed' | 'skipped'>): string {
  const processed = counts.succeeded + counts.failed + counts.skipped;
  return `[DONE] Processed ${countOf(processed, 'file')}. ${countOf(counts.failed, 'Error')}.`;
}

/** Writes how many files were not done again, because an earlier run did them and they are unchanged. */
export function reusedLine(reused: bigint, total: bigint): string {
  const which =
    reused === total ? (total === 1n ? 'The file was' : `All ${total} files were`) : `${reused} of ${total} files were`;
  return `[INFO] ${which} done by an earlier run and unchanged since.`;
}

/** Returns the key of an object's URI, which is its name on the console. */
export function keyOf(uri: string): string {
  return uri.replace(/^s3:\/\/[^/]*\//, '');
}
