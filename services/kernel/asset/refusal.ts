import { CycloramaError, type Reason } from '../failure.ts';

/** The error with which triage turns an asset away before Blender sees it. */
export function refusal(reason: Reason, message: string): CycloramaError {
  return new CycloramaError(reason, message, { stage: 'triage' });
}

/** Refuses an asset of which something is over a limit. */
export function assertWithin(count: number, limit: number, what: string): void {
  if (count > limit) throw refusal('asset_too_large', `${what}: ${format(count)}; expected at most ${format(limit)}`);
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
