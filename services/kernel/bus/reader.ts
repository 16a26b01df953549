import { AckPolicy, DeliverPolicy, nanos } from 'nats';
import { orAborted } from '../signal.ts';
import type { BusCore } from './connection.ts';
import { pullNowOrSoon, toStreamMessage } from './pull.ts';
import type { Reader } from './types.ts';

/** The server removes a reader that is not used for so long. */
const READER_IDLE_MS = 60_000;

/**
 * Reads a stream in order after a sequence.
 * The reader has its own consumer, and creates it again if the server loses it.
 */
export function createReader(core: BusCore, stream: string, subject: string, afterSequence: bigint): Reader {
  const { manager, connection, repeat, log } = core;
  let consumer: string | undefined;
  let last = afterSequence;
  const open = async (): Promise<string> => {
    const adding = manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Number(last) + 1,
      filter_subject: subject,
      mem_storage: true,
      inactive_threshold: nanos(READER_IDLE_MS),
      num_replicas: 1,
    });
    return (await orAborted(adding, core.lost)).name;
  };
  return {
    next(max, waitMs, signal) {
      const attempt = async () => {
        try {
          consumer ??= await open();
          const pulled = await pullNowOrSoon(core, stream, consumer, max, waitMs, signal);
          const messages = pulled.messages.map(toStreamMessage).filter(({ sequence }) => sequence > last);
          last = messages.at(-1)?.sequence ?? last;
          // The consumer counts sent messages as read, even those that were lost on the way.
          if (!pulled.whole) consumer = undefined;
          return messages;
        } catch (error) {
          consumer = undefined;
          throw error;
        }
      };
      return repeat(`read '${subject}'`, attempt, signal);
    },
    async close() {
      if (consumer === undefined || connection.isClosed()) return;
      await manager.consumers
        .delete(stream, consumer)
        .catch((error: Error) =>
          log.debug({ error: error.message }, 'reader not deleted; the server removes it when it is idle'),
        );
    },
  };
}
