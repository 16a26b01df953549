import { setTimeout as sleep } from 'node:timers/promises';

/** Returns a signal that aborts when `signal` does or after `ms`. */
export function withTimeout(ms: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Waits `ms`, or less when the signal aborts; never throws. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/**
 * Waits for `work` until the signal aborts, then throws the signal's reason. The work itself is not stopped.
 * Unlike Promise.race, it leaves no listener on a signal that outlives many waits.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Time limits of work that must not be aborted at once. */
export interface Grace {
  /** Limit for the whole work. */
  limitMs: number;
  /** Limit from the moment when the signal aborts. */
  graceMs: number;
  /** Makes the error with which the work is aborted. */
  late: () => Error;
}

/**
 * Runs work that may outlast `signal` by the grace.
 * The work gets its own signal, which aborts when its time is over.
 */
export async function withGrace<T>(
  signal: AbortSignal,
  { limitMs, graceMs, late }: Grace,
  work: (own: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const end = (): void => own.abort(late());
  const hurry = (): void => {
    clearTimeout(timer);
    timer = setTimeout(end, graceMs);
  };
  let timer = setTimeout(end, limitMs);
  if (signal.aborted) hurry();
  signal.addEventListener('abort', hurry, { once: true });
  try {
    return await work(own.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', hurry);
  }
}
