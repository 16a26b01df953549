import { createInbox, type Msg, NatsError, nanos } from 'nats';
import { type BusCore, REQUEST_TIMEOUT_MS } from './connection.ts';
import type { StreamMessage } from './types.ts';

/** What a pull brought. */
export interface Pulled {
  messages: Msg[];
  /** False where the server may have sent more than arrived. */
  whole: boolean;
}

/** What there is now, up to `max` messages; else, within `waitMs`, the first one that comes. */
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

/** One pull request; ends when the batch is full, the server has no more, the time is over or the connection broke. */
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
  // Not before: a connection that has closed refuses, and then nothing is under way.
  const timer = setTimeout(onLate, waitMs + REQUEST_TIMEOUT_MS);
  signal?.addEventListener('abort', onAbort);
  lost.addEventListener('abort', onLost);
  const request = waitMs > 0 ? { batch: 1, expires: nanos(waitMs) } : { batch: max, no_wait: true };
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), { reply: inbox });
  return promise;
}

/** What an ack subject tells of its message. */
export interface AckFacts {
  delivered: number;
  sequence: bigint;
  /** When the stream took the message, milliseconds since the epoch. */
  storedMs: number;
}

/** Reads an ack subject: `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence.consumer_sequence.nanoseconds...`. */
export function parseAckSubject(reply: string): AckFacts {
  const words = reply.split('.');
  const at = words.length > 9 ? 6 : 4;
  return {
    delivered: Number(words[at]),
    sequence: BigInt(words[at + 1]!),
    storedMs: Number(BigInt(words[at + 3]!) / 1_000_000n),
  };
}

export function toStreamMessage(message: Msg): StreamMessage {
  return { sequence: parseAckSubject(message.reply!).sequence, subject: message.subject, payload: message.string() };
}
