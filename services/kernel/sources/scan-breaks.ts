import { CycloramaError, type Reason } from '../failure.ts';
import type { Scan } from './source.ts';

/** The reason of a scan that the discovery service ended by itself, as it does when it shuts down. */
const BROKEN_OFF: readonly Reason[] = ['cancelled', 'deadline_exceeded'];

/**
 * Turns the end of a scan that this process did not ask for into a failure that may pass; else the job would fail for
 * good.
 */
export function withPassingBreaks(scan: Scan): Scan {
  return async function* (request, traceId, signal) {
    try {
      yield* scan(request, traceId, signal);
    } catch (error) {
      const brokenOff = error instanceof CycloramaError && BROKEN_OFF.includes(error.reason);
      if (!brokenOff || signal.aborted) throw error;
      throw new CycloramaError('service_unavailable', `the scan was broken off: ${error.message}`, { cause: error });
    }
  };
}
