import type { KV } from 'nats';
import { CycloramaError } from '../failure.ts';
import type { Config } from '../process/config.ts';
import type { Log } from '../process/log.ts';
import { orAborted, pause } from '../signal.ts';
import { createBucket } from './bucket.ts';
import { openCore, REQUEST_TIMEOUT_MS } from './connection.ts';
import { toDelivery } from './delivery.ts';
import { API_CODES, apiCode } from './errors.ts';
import { pullNowOrSoon } from './pull.ts';
import { createReader } from './reader.ts';
import type { BucketName } from './topics.ts';
import { makeTopology } from './topology.ts';
import type { Bus } from './types.ts';

const PING_TIMEOUT_MS = 2_000;

/** Options of openBus. */
export interface BusOptions {
  /** Name that the server's monitoring shows. */
  name: string;
  /** Queues whose consumers are created if they do not exist. */
  queues: readonly string[];
}

/** Connects, and creates missing streams, consumers and buckets; waits for a server that is still starting. */
export async function openBus(config: Config['nats'], { name, queues }: BusOptions, log: Log): Promise<Bus> {
  let buckets = new Map<BucketName, KV>();
  const core = await openCore(config, name, log, async (opened) => {
    buckets = await makeTopology(opened, config, queues);
  });
  const { connection, jetStream, manager, retry, repeat } = core;

  let closing = false;
  const broken = connection.closed().then((cause) => {
    if (closing) return new Promise<never>(() => {});
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    throw new CycloramaError('bus_unavailable', `NATS: the connection has closed for good${why}`, { cause });
  });
  // Callers that do not watch `broken` get the error from their next request.
  broken.catch(() => {});

  return {
    broken,

    publish: (subject, payload, id) =>
      retry(`publish on '${subject}'`, async () => {
        try {
          const options = { timeout: REQUEST_TIMEOUT_MS, ...(id === undefined ? {} : { msgID: id }) };
          return (await jetStream.publish(subject, payload, options)).duplicate ? 'duplicate' : 'stored';
        } catch (error) {
          if (apiCode(error) === API_CODES.maxMessagesPerSubject) return 'refused';
          throw error;
        }
      }),

    take: (stream, consumer, max, waitMs) =>
      repeat(`take from '${consumer}'`, async () => {
        // A take has no signal: after an abort the server would send to an inbox that nobody reads, and wait ack_wait.
        const { messages } = await pullNowOrSoon(core, stream, consumer, max, waitMs);
        return messages.map((message) => toDelivery(core, stream, message));
      }),

    async depth(stream, consumer) {
      const info = await retry(`ask for '${consumer}'`, () => manager.consumers.info(stream, consumer));
      return { pending: info.num_pending, inFlight: info.num_ack_pending };
    },

    async count(stream, subject) {
      const ask = () => manager.streams.info(stream, { subjects_filter: subject });
      const { state } = await retry(`ask for '${stream}'`, ask);
      return Object.values(state.subjects ?? {}).reduce((sum, n) => sum + n, 0);
    },

    async purge(stream, subject) {
      await retry(`purge '${subject}'`, () => manager.streams.purge(stream, { filter: subject }));
    },

    reader: (stream, subject, afterSequence) => createReader(core, stream, subject, afterSequence),
    bucket: (bucket) => createBucket(core, bucket, () => buckets.get(bucket)!),

    async ping() {
      try {
        await orAborted(manager.getAccountInfo(), AbortSignal.timeout(PING_TIMEOUT_MS));
        return true;
      } catch (error) {
        log.debug({ error: (error as Error).message }, 'NATS does not answer');
        return false;
      }
    },

    endSoon: core.endSoon,

    async close() {
      closing = true;
      if (connection.isClosed()) return;
      await Promise.race([connection.drain(), pause(REQUEST_TIMEOUT_MS)]);
      if (!connection.isClosed()) await connection.close();
    },
  };
}
