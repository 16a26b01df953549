import { CycloramaError, type Reason } from '../failure.ts';

/** Makes the error with which triage refuses an asset before Blender reads it. */
export function refusal(reason: Reason, message: string): CycloramaError {
  return new CycloramaError(reason, message, { stage: 'triage' });
}

/** Refuses an asset if a count is over its limit; `what` names the count in the message. */
export function assertWithin(count: number, limit: number, what: string): void {
  if (count > limit) throw refusal('asset_too_large', `${what}: ${format(count)}; expected at most ${format(limit)}`);
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}
