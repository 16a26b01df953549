import { createInbox, type Msg, NatsError, nanos } from 'nats';
import { type BusCore, REQUEST_TIMEOUT_MS } from './connection.ts';
import type { StreamMessage } from './types.ts';

/** The result of a pull request. */
export interface Pulled {
  messages: Msg[];
  /** False if the server may have sent more messages than arrived. */
  whole: boolean;
}

/** Pulls up to `max` messages that are there now; if there are none, waits up to `waitMs` for the first one. */
export async function pullNowOrSoon(
  core: BusCore,
  stream: string,
  consumer: string,
  max: number,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Pulled> {
  const now = await pull(core, stream, consumer, max, 0, signal);
  return now.messages.length > 0 || waitMs === 0 || signal?.aborted
    ? now
    : pull(core, stream, consumer, 1, waitMs, signal);
}

/**
 * Sends one pull request; it ends if the batch is full, no more messages come, time is over or the connection breaks.
 */
function pull(
  { connection, lost }: BusCore,
  stream: string,
  consumer: string,
  max: number,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Pulled> {
  const { promise, resolve, reject } = Promise.withResolvers<Pulled>();
  const messages: Msg[] = [];
  const inbox = createInbox();
  const end = (): void => {
    subscription.unsubscribe();
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    lost.removeEventListener('abort', onLost);
  };
  const finish = (whole = true): void => {
    end();
    resolve({ messages, whole });
  };
  const breakOff = (error: Error): void => {
    end();
    if (messages.length === 0) reject(error);
    else resolve({ messages, whole: false });
  };
  const onAbort = (): void => finish(false);
  const onLost = (): void => breakOff(lost.reason);
  const onLate = (): void => breakOff(new NatsError('no answer to pull', 'TIMEOUT'));
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return breakOff(error);
      const code = message.headers?.code ?? 0;
      if (code === 404 || code === 408) return finish();
      if (code !== 0) return breakOff(new NatsError(message.headers?.description ?? 'pull refused', String(code)));
      messages.push(message);
      if (messages.length >= max) finish();
    },
  });
  // The timer starts only after `subscribe`, which throws on a closed connection; no timer must then be left.
  const timer = setTimeout(onLate, waitMs + REQUEST_TIMEOUT_MS);
  signal?.addEventListener('abort', onAbort);
  lost.addEventListener('abort', onLost);
  const request = waitMs > 0 ? { batch: 1, expires: nanos(waitMs) } : { batch: max, no_wait: true };
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), { reply: inbox });
  return promise;
}

/** Facts about a message that its ack subject carries. */
export interface AckFacts {
  delivered: number;
  sequence: bigint;
  /** Time when the stream stored the message, milliseconds since the epoch. */
  storedMs: number;
}

/**
 * Parses an ack subject:
 * `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.consumer_sequence.nanoseconds...`.
 */
export function parseAckSubject(reply: string): AckFacts {
  const words = reply.split('.');
  const at = words.length > 9 ? 6 : 4;
  return {
    delivered: Number(words[at]),
    sequence: BigInt(words[at + 1]!),
    storedMs: Number(BigInt(words[at + 3]!) / 1_000_000n),
  };
}

/** Converts a NATS message to one of ours. */
export function toStreamMessage(message: Msg): StreamMessage {
  return { sequence: parseAckSubject(message.reply!).sequence, subject: message.subject, payload: message.string() };
}
