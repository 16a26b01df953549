import { CycloramaError } from '../failure.ts';

/** Node takes a longer timer for one of a millisecond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How long one request may take, and who may call it off. */
export interface RunLimits {
  signal: AbortSignal;
  /** Longest time for the whole request. */
  deadlineMs: number;
  /** Longest time without a sign of life. */
  stallMs: number;
  onStage?: (stage: string) => void;
}

/** A watch over one request. */
export interface Watch {
  /** Takes note of a sign of life. */
  alive(): void;
  end(): void;
}

/** Starts watching a request; `onEnd` is called at most once, with the reason why it must end now. */
export function watchRun(limits: RunLimits, stage: () => string, onEnd: (error: CycloramaError) => void): Watch {
  const expire = (what: string) => () => {
    end();
    onEnd(new CycloramaError('blender_hang', `Blender ${what}`, { stage: stage() }));
  };
  const abort = (): void => {
    end();
    onEnd(toCancellation(limits.signal));
  };
  const deadlineMs = Math.min(limits.deadlineMs, MAX_TIMER_MS);
  const deadline = setTimeout(expire(`was not done after ${deadlineMs} ms`), deadlineMs);
  const stall = setTimeout(expire(`made no progress for ${limits.stallMs} ms`), limits.stallMs);
  limits.signal.addEventListener('abort', abort, { once: true });
  const end = (): void => {
    clearTimeout(deadline);
    clearTimeout(stall);
    limits.signal.removeEventListener('abort', abort);
  };
  return { alive: () => void stall.refresh(), end };
}

/** Says why a signal aborted: its own reason where it has one of ours. */
export function toCancellation(signal: AbortSignal): CycloramaError {
  if (signal.reason instanceof CycloramaError) return signal.reason;
  return new CycloramaError('cancelled', 'the work in Blender was called off', { cause: signal.reason });
}
