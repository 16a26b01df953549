import { type Msg, NatsError, nanos } from 'nats';
import type { BusCore } from './connection.ts';
import { parseAckSubject } from './pull.ts';
import type { Delivery } from './types.ts';

/** The server answers an ack in milliseconds, but not at all if it no longer has the message. */
const ACK_TIMEOUT_MS = 2_000;

/** Wraps a message of a work queue with its answers, which reach only the message that was taken. */
export function toDelivery(core: BusCore, stream: string, message: Msg): Delivery {
  const { connection, manager, retry, lost, log } = core;
  const { delivered, sequence, storedMs } = parseAckSubject(message.reply!);

  /** Returns whether the number of an answer still means this message: a server that lost its streams restarts at 1. */
  const isStillThere = async (): Promise<boolean> => {
    try {
      const stored = await manager.streams.getMessage(stream, { seq: Number(sequence) });
      return stored.subject === message.subject && stored.time.getTime() === storedMs;
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === 404) return false;
      throw error;
    }
  };

  return {
    subject: message.subject,
    payload: message.string(),
    delivered,
    async ack() {
      let first = true;
      await retry(`ack of a message on '${message.subject}'`, async () => {
        const doubtful = !first || lost.aborted;
        first = false;
        if (doubtful && !(await isStillThere())) return;
        await connection.request(message.reply!, '+ACK', { timeout: ACK_TIMEOUT_MS });
      });
    },
    handBack(delayMs) {
      const give = (): void => void message.respond(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
      if (!lost.aborted) return give();
      retry(`look at '${message.subject}'`, isStillThere).then(
        (isThere) => isThere && give(),
        (error: Error) =>
          log.warn({ error: error.message }, 'message not handed back; the server redelivers it after ack_wait'),
      );
    },
    working: () => void message.respond('+WPI'),
  };
}
