/**
 * How far a drive is. It walks the source and queues tasks, waits for their results, has the dataset closed, and is
 * over when nothing is left to do but to save the end of the job.
 */
export type Phase = 'walking' | 'waiting' | 'closing' | 'over';

/** The facts that decide about a drive's phase. */
export interface PhaseFacts {
  /** The source was walked to its end. */
  planned: boolean;
  /** Every asset of the source has its result. */
  complete: boolean;
  /** The job ends with a closing task. */
  needsClosing: boolean;
  /** The closing task has its result. */
  closed: boolean;
}

/** Decides the phase that follows from the facts. A drive that closes or is over never goes back to planning. */
export function nextPhase(phase: Phase, { planned, complete, needsClosing, closed }: PhaseFacts): Phase {
  if (phase === 'over') return 'over';
  if (phase === 'closing') return closed ? 'over' : 'closing';
  if (!planned) return 'walking';
  if (!complete) return 'waiting';
  return needsClosing ? 'closing' : 'over';
}
