import type { Log } from '../process/log.ts';

/** What a handler knows about the call that it serves. */
export interface CallContext {
  /** Aborts when the client cancels, goes away, or the deadline passes. */
  signal: AbortSignal;
  /** The call's deadline, milliseconds since the epoch; the configured one where the client set none. */
  deadlineMs: number;
  /** W3C trace id: the caller's, else a new one. */
  traceId: string;
  log: Log;
}

/** A unary method: answers, or throws a CycloramaError. */
export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;

/** A server-streaming method; the server pulls, so a slow client slows the generator down. */
export type StreamHandler<Request, Response> = (request: Request, context: CallContext) => AsyncIterable<Response>;
