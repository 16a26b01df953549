import { randomBytes } from 'node:crypto';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const NO_TRACE = '0'.repeat(32);

/** Reads the trace id of a W3C `traceparent` header; undefined if it is missing or malformed. */
export function parseTraceparent(header: string | undefined): string | undefined {
  const traceId = TRACEPARENT.exec(header ?? '')?.[1];
  return traceId === NO_TRACE ? undefined : traceId;
}

/** Writes a `traceparent` header for a new span of the trace. */
export function formatTraceparent(traceId: string): string {
  return `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
}

/** Makes a trace id. */
export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}
