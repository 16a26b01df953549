import { ErrorCode, NatsError } from 'nats';
import { CycloramaError } from '../failure.ts';

/** Error codes of JetStream's API that we handle. */
export const API_CODES = {
  wrongLastSequence: 10071,
  maxMessagesPerSubject: 10077,
  streamNotFound: 10059,
  consumerNotFound: 10014,
} as const;

const TRANSIENT = new Set(['TIMEOUT', 'CONNECTION_REFUSED', 'DISCONNECT', 'CONNECTION_TIMEOUT', '503', '409', '500']);

/** Returns the JetStream error code of an error; undefined if it has none. */
export function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

/** Returns whether the server has lost a stream or consumer, so that it must be created again. */
export function isLost(error: unknown): boolean {
  const code = apiCode(error);
  const noResponders = error instanceof NatsError && error.code === '503';
  return code === API_CODES.streamNotFound || code === API_CODES.consumerNotFound || noResponders;
}

/** Returns whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  return isLost(error) || TRANSIENT.has(error.code) || (error.api_error?.code ?? 0) >= 500;
}

/** Gives an error of a NATS request a reason of the table; `maxBytes` is the server's limit for a message. */
export function toBusError(thrown: unknown, what: string, maxBytes: number | undefined): CycloramaError {
  if (thrown instanceof CycloramaError) return thrown;
  if (thrown instanceof NatsError && thrown.code === ErrorCode.MaxPayloadExceeded) {
    const message = `NATS: ${what}: the message is too large; expected at most ${maxBytes} bytes (max_payload)`;
    return new CycloramaError('message_too_large', message, { cause: thrown });
  }
  return new CycloramaError('bus_unavailable', `NATS: ${what}: ${(thrown as Error).message}`, { cause: thrown });
}
