import { createInbox, type Msg, NatsError, nanos } from 'nats';
import { type BusCore, REQUEST_TIMEOUT_MS } from './bus-connection.ts';
import type { Delivery, StreamMessage } from './bus-types.ts';

/** What there is now, up to `max` messages; else, within `waitMs`, the first one that comes. */
export async function pullNowOrSoon(
  core: BusCore,
  stream: string,
  consumer: string,
  max: number,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Msg[]> {
  const now = await pull(core, stream, consumer, max, 0, signal);
  return now.length > 0 || waitMs === 0 || signal?.aborted ? now : pull(core, stream, consumer, 1, waitMs, signal);
}

/** One pull request; resolves when the batch is full, the server has no more, or the time is over. */
function pull(
  { connection }: BusCore,
  stream: string,
  consumer: string,
  max: number,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Msg[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Msg[]>();
  const messages: Msg[] = [];
  const inbox = createInbox();
  const finish = (error?: Error): void => {
    subscription.unsubscribe();
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    if (error && messages.length === 0) reject(error);
    else resolve(messages);
  };
  const onAbort = (): void => finish();
  const onLate = (): void => finish(waitMs > 0 ? undefined : new NatsError('no answer to pull', 'TIMEOUT'));
  const timer = setTimeout(onLate, waitMs + REQUEST_TIMEOUT_MS);
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return finish(error);
      const code = message.headers?.code ?? 0;
      if (code === 404 || code === 408) return finish();
      if (code !== 0) return finish(new NatsError(message.headers?.description ?? 'pull refused', String(code)));
      messages.push(message);
      if (messages.length >= max) finish();
    },
  });
  signal?.addEventListener('abort', onAbort);
  const request = waitMs > 0 ? { batch: 1, expires: nanos(waitMs) } : { batch: max, no_wait: true };
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), { reply: inbox });
  return promise;
}

/** Reads delivery count and stream sequence out of an ack subject: `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence...`. */
export function parseAckSubject(reply: string): { delivered: number; sequence: bigint } {
  const words = reply.split('.');
  const at = words.length > 9 ? 6 : 4;
  return { delivered: Number(words[at]), sequence: BigInt(words[at + 1]!) };
}

export function toStreamMessage(message: Msg): StreamMessage {
  return { sequence: parseAckSubject(message.reply!).sequence, subject: message.subject, payload: message.string() };
}

/** A message with its answers; `ack` waits until the server has it. */
export function toDelivery({ connection }: BusCore, message: Msg): Delivery {
  return {
    subject: message.subject,
    payload: message.string(),
    delivered: parseAckSubject(message.reply!).delivered,
    async ack() {
      await connection.request(message.reply!, '+ACK', { timeout: REQUEST_TIMEOUT_MS });
    },
    handBack: (delayMs) => void message.respond(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`),
    working: () => void message.respond('+WPI'),
  };
}
