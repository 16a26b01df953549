import { CycloramaError, type Reason } from '../failure.ts';
import type { Scan } from './source.ts';

/** How a scan fails that the discovery service breaks off by itself, as it does when it goes away. */
const BROKEN_OFF: readonly Reason[] = ['cancelled', 'deadline_exceeded'];

/** Makes the end of a scan that nobody here asked for a failure that passes; else it would fail the job for good. */
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
