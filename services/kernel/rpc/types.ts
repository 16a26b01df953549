import type { Log } from '../process/log.ts';

/** Facts about the call that a handler serves. */
export interface CallContext {
  /** Aborts when the client cancels, goes away, or the deadline passes. */
  signal: AbortSignal;
  /** Deadline in milliseconds since the epoch, from the client or else from the configuration. */
  deadlineMs: number;
  /** W3C trace id of the caller, or a new one if the caller sent none. */
  traceId: string;
  log: Log;
}

/** Handles a unary call: returns the answer or throws a CycloramaError. */
export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;

/** Handles a server-streaming call. The server pulls, so a slow client slows the generator down. */
export type StreamHandler<Request, Response> = (request: Request, context: CallContext) => AsyncIterable<Response>;
