import { CycloramaError } from '../failure.ts';

/** Node fires a longer timer after one millisecond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Time limits of one request, and the signal that cancels it. */
export interface RunLimits {
  signal: AbortSignal;
  /** Time limit of the whole request. */
  deadlineMs: number;
  /** Time limit without a sign of life. */
  stallMs: number;
  onStage?: (stage: string) => void;
}

/** A watch over one request. */
export interface Watch {
  /** Reports a sign of life. */
  alive(): void;
  end(): void;
}

/** Starts watching a request. Calls `onEnd` at most once, with the reason why the request must end now. */
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

/** Returns why a signal aborted: its own reason if that is a CycloramaError, otherwise `cancelled`. */
export function toCancellation(signal: AbortSignal): CycloramaError {
  if (signal.reason instanceof CycloramaError) return signal.reason;
  return new CycloramaError('cancelled', 'the work in Blender was cancelled', { cause: signal.reason });
}
