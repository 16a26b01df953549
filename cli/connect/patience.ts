import type { CycloramaError } from '../../services/kernel/failure.ts';
import { pause } from '../../services/kernel/signal.ts';
import { isUnreachable } from '../terminal/exit-codes.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;

/** How long to keep trying a server that went away, and whom to tell. */
export interface PatienceOptions {
  signal: AbortSignal;
  /** How long after the last success to give up. */
  patienceMs: number;
  onTrouble(error: CycloramaError): void;
}

/** Decides, failure after failure, whether and when to try again. */
export interface Patience {
  /** Waits and returns, or throws the error when there is no point in another try. */
  afterFailure(error: unknown): Promise<void>;
  afterSuccess(): void;
}

/** Creates a patience that bears a server's restart but not its absence. */
export function createPatience({ signal, patienceMs, onTrouble }: PatienceOptions): Patience {
  let delayMs = FIRST_DELAY_MS;
  let troubleSince: number | undefined;
  return {
    afterSuccess() {
      delayMs = FIRST_DELAY_MS;
      troubleSince = undefined;
    },
    async afterFailure(error) {
      if (signal.aborted || !isUnreachable(error)) throw error;
      const now = performance.now();
      if (troubleSince === undefined) onTrouble(error);
      troubleSince ??= now;
      if (now - troubleSince + delayMs > patienceMs) throw error;
      await pause(delayMs, signal);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    },
  };
}
