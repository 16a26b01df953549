import type { CycloramaError } from '../../services/kernel/failure.ts';
import { pause } from '../../services/kernel/signal.ts';
import { isUnreachable } from '../terminal/exit-codes.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;

/** How long to retry calls to a server that does not answer. */
export interface PatienceOptions {
  signal: AbortSignal;
  /** Time after the first failure to give up. */
  patienceMs: number;
  /** Takes the first error after a success. */
  onTrouble(error: CycloramaError): void;
}

/** Decides after each failure whether and when to retry. */
export interface Patience {
  /** Waits until it is time to retry, or throws the error if a retry is pointless. */
  afterFailure(error: unknown): Promise<void>;
  afterSuccess(): void;
}

/** Creates a patience that retries while a server restarts, and gives up if the server stays away. */
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
