import { readFileSync } from 'node:fs';
import {
  AckPolicy,
  type ConnectionOptions,
  connect,
  createInbox,
  credsAuthenticator,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type KV,
  type Msg,
  type NatsConnection,
  NatsError,
  nanos,
  RetentionPolicy,
  StorageType,
} from 'nats';
import type { Bus, Delivery, KeyValue, StreamMessage } from './bus-types.ts';
import type { Config } from './config.ts';
import { CycloramaError } from './failure.ts';
import type { Log } from './log.ts';
import { pause, withTimeout } from './signal.ts';
import { BUCKETS, type BucketName, CLASSES, driveConsumer, STREAMS, taskConsumer } from './topics.ts';

/** Events of the connection that somebody who watches the log wants to see. */
const CONNECTION_NEWS = new Set<string>(['disconnect', 'reconnect', 'error', 'ldm']);
const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_DEADLINE_MS = 30_000;
const DAY_MS = 24 * 3600 * 1000;
const RESULT_RETENTION_MS = 7 * DAY_MS;
const JOB_RETENTION_MS = 30 * DAY_MS;
const WORKER_BEAT_TTL_MS = 30_000;
const DEDUPLICATION_MS = 120_000;
/** How long a drive order stays with a driver that gives no sign of life. */
const DRIVE_ACK_WAIT_MS = 30_000;

const ERROR_CODES = {
  wrongLastSequence: 10071,
  maxMessagesPerSubject: 10077,
  streamNotFound: 10059,
  consumerNotFound: 10014,
} as const;

/** How a bus is opened. */
export interface BusOptions {
  name: string;
  /** Queues whose consumers this process makes sure of. */
  queues: readonly string[];
}

/** Connects and makes sure that streams, consumers and buckets exist; waits for a server that is still starting. */
export async function openBus(config: Config['nats'], options: BusOptions, log: Log): Promise<Bus> {
  const connection = await connectWithin(config, options.name, RETRY_DEADLINE_MS);
  const jetStream: JetStreamClient = connection.jetstream({ timeout: REQUEST_TIMEOUT_MS });
  const manager: JetStreamManager = await retry('open JetStream', () =>
    connection.jetstreamManager({ timeout: REQUEST_TIMEOUT_MS }),
  );
  const buckets = new Map<BucketName, KV>();
  let closing = false;

  void (async () => {
    for await (const status of connection.status()) {
      const level = CONNECTION_NEWS.has(status.type) ? 'info' : 'debug';
      if (!closing) log[level]({ status: status.type, server: String(status.data) }, 'NATS connection');
    }
  })();

  async function ensure(): Promise<void> {
    const common = { storage: StorageType.File, num_replicas: config.replicas };
    await ensureStream({
      ...common,
      name: STREAMS.jobs,
      subjects: ['jobs.*.*'],
      retention: RetentionPolicy.Workqueue,
      duplicate_window: nanos(DEDUPLICATION_MS),
    });
    await ensureStream({
      ...common,
      name: STREAMS.tasks,
      subjects: ['tasks.*.*.*'],
      retention: RetentionPolicy.Workqueue,
      duplicate_window: nanos(DEDUPLICATION_MS),
    });
    await ensureStream({
      ...common,
      name: STREAMS.results,
      subjects: ['results.*.*'],
      retention: RetentionPolicy.Limits,
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
      max_age: nanos(RESULT_RETENTION_MS),
    });
    for (const queue of options.queues) {
      await ensureConsumer(STREAMS.jobs, driveConsumer(queue), `jobs.${queue}.*`, DRIVE_ACK_WAIT_MS);
      for (const word of CLASSES) {
        await ensureConsumer(STREAMS.tasks, taskConsumer(queue, word), `tasks.${queue}.${word}.*`, config.ackWaitMs);
      }
    }
    const ttl: Record<BucketName, number> = {
      jobs: JOB_RETENTION_MS,
      ledger: RESULT_RETENTION_MS,
      workers: WORKER_BEAT_TTL_MS,
    };
    for (const name of Object.keys(BUCKETS) as BucketName[]) {
      buckets.set(
        name,
        await jetStream.views.kv(BUCKETS[name], {
          history: 1,
          ttl: ttl[name],
          replicas: config.replicas,
          timeout: REQUEST_TIMEOUT_MS,
        }),
      );
    }
  }

  async function ensureStream(wanted: Parameters<JetStreamManager['streams']['add']>[0]): Promise<void> {
    try {
      await manager.streams.info(wanted.name!);
    } catch (error) {
      if (apiCode(error) !== ERROR_CODES.streamNotFound) throw error;
      await manager.streams.add(wanted);
    }
  }

  async function ensureConsumer(stream: string, name: string, subject: string, ackWaitMs: number): Promise<void> {
    const wanted = {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      filter_subject: subject,
      ack_wait: nanos(ackWaitMs),
      max_deliver: -1,
      max_ack_pending: 10_000,
    };
    try {
      await manager.consumers.info(stream, name);
      await manager.consumers.update(stream, name, { ack_wait: wanted.ack_wait });
    } catch (error) {
      if (apiCode(error) !== ERROR_CODES.consumerNotFound) throw error;
      await manager.consumers.add(stream, wanted);
    }
  }

  /** Repeats a request that may well succeed later; makes streams again where the server lost them. */
  async function retry<T>(what: string, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const deadline = performance.now() + RETRY_DEADLINE_MS;
    for (let delayMs = 100; ; delayMs = Math.min(delayMs * 2, 2_000)) {
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        if (!isTransient(error) || closing || performance.now() > deadline) {
          if (error instanceof CycloramaError) throw error;
          throw new CycloramaError('bus_unavailable', `NATS: ${what}: ${(error as Error).message}`, { cause: error });
        }
        log.debug({ what, error: (error as Error).message }, 'NATS request repeated');
        await pause(delayMs, signal);
        if (isLost(error))
          await ensure().catch((cause: Error) => log.warn({ error: cause.message }, 'cannot make streams yet'));
      }
    }
  }

  /** One pull request; resolves when the batch is full, the server has no more, or the time is over. */
  function pull(stream: string, consumer: string, max: number, waitMs: number, signal?: AbortSignal): Promise<Msg[]> {
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
    const timer = setTimeout(
      () => finish(waitMs > 0 ? undefined : new NatsError('no answer to pull', 'TIMEOUT')),
      waitMs + REQUEST_TIMEOUT_MS,
    );
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

  /** What is there now, else what comes first within the time. */
  async function pullNowOrSoon(
    stream: string,
    consumer: string,
    max: number,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Msg[]> {
    const now = await pull(stream, consumer, max, 0, signal);
    return now.length > 0 || waitMs === 0 || signal?.aborted ? now : pull(stream, consumer, 1, waitMs, signal);
  }

  await retry('make streams', ensure);

  return {
    publish(subject, payload, id) {
      return retry(`publish on '${subject}'`, async () => {
        try {
          const done = await jetStream.publish(subject, payload, {
            timeout: REQUEST_TIMEOUT_MS,
            ...(id === undefined ? {} : { msgID: id }),
          });
          return done.duplicate ? 'duplicate' : 'stored';
        } catch (error) {
          if (apiCode(error) === ERROR_CODES.maxMessagesPerSubject) return 'refused';
          throw error;
        }
      });
    },

    take(stream, consumer, max, waitMs) {
      return retry(`take from '${consumer}'`, async () => {
        // Never broken off: the server would send a message to an inbox that nobody reads, and miss it for ack_wait.
        const messages = await pullNowOrSoon(stream, consumer, max, waitMs);
        return messages.map((message) =>
          toDelivery(message, (reply) => connection.request(reply, '+ACK', { timeout: REQUEST_TIMEOUT_MS })),
        );
      });
    },

    async depth(stream, consumer) {
      const info = await retry(`ask for '${consumer}'`, () => manager.consumers.info(stream, consumer));
      return { pending: info.num_pending, inFlight: info.num_ack_pending };
    },

    async count(stream, subject) {
      const info = await retry(`ask for '${stream}'`, () => manager.streams.info(stream, { subjects_filter: subject }));
      return Object.values(info.state.subjects ?? {}).reduce((sum, n) => sum + n, 0);
    },

    async purge(stream, subject) {
      await retry(`purge '${subject}'`, () => manager.streams.purge(stream, { filter: subject }));
    },

    reader(stream, subject, afterSequence) {
      let consumer: string | undefined;
      let last = afterSequence;
      const open = async (): Promise<string> => {
        const made = await manager.consumers.add(stream, {
          ack_policy: AckPolicy.None,
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: Number(last) + 1,
          filter_subject: subject,
          mem_storage: true,
          inactive_threshold: nanos(60_000),
          num_replicas: 1,
        });
        return made.name;
      };
      return {
        next(max, waitMs, signal) {
          return retry(
            `read '${subject}'`,
            async () => {
              try {
                consumer ??= await open();
                const messages = (await pullNowOrSoon(stream, consumer, max, waitMs, signal))
                  .map(toStreamMessage)
                  .filter(({ sequence }) => sequence > last);
                last = messages.at(-1)?.sequence ?? last;
                return messages;
              } catch (error) {
                consumer = undefined;
                throw error;
              }
            },
            signal,
          );
        },
        async close() {
          if (consumer === undefined || connection.isClosed()) return;
          await manager.consumers
            .delete(stream, consumer)
            .catch((error: Error) => log.debug({ error: error.message }, 'reader forgotten by the server itself'));
        },
      };
    },

    bucket(name) {
      const kv = (): KV => buckets.get(name)!;
      const written = async (what: string, write: () => Promise<number>): Promise<bigint | undefined> =>
        retry(what, async () => {
          try {
            return BigInt(await write());
          } catch (error) {
            if (apiCode(error) === ERROR_CODES.wrongLastSequence) return undefined;
            throw error;
          }
        });
      const get = (key: string): Promise<KeyValue | undefined> =>
        retry(`get '${key}'`, async () => {
          const entry = await kv().get(key);
          return entry?.operation === 'PUT'
            ? { key, value: entry.string(), revision: BigInt(entry.revision) }
            : undefined;
        });
      return {
        get,
        create: (key, value) => written(`create '${key}'`, () => kv().create(key, value)),
        update: (key, value, revision) => written(`update '${key}'`, () => kv().update(key, value, Number(revision))),
        put: async (key, value) => (await written(`put '${key}'`, () => kv().put(key, value)))!,
        remove: (key) => retry(`remove '${key}'`, () => kv().purge(key)),
        all: () =>
          retry(`list '${name}'`, async () => {
            const entries = await Promise.all((await Array.fromAsync(await kv().keys())).map(get));
            return entries.filter((entry) => entry !== undefined);
          }),
        async *watch(key, signal) {
          let seen = 0n;
          while (!signal.aborted) {
            const entry = await get(key);
            if (entry && entry.revision > seen) {
              seen = entry.revision;
              yield entry;
            }
            await nextChange(kv(), key, seen, withTimeout(10_000, signal));
          }
        },
      };
    },

    async ping() {
      try {
        await connection.flush();
        await manager.getAccountInfo();
        return true;
      } catch {
        return false;
      }
    },

    async close() {
      closing = true;
      await Promise.race([connection.drain(), pause(REQUEST_TIMEOUT_MS)]);
      if (!connection.isClosed()) await connection.close();
    },
  };
}

async function connectWithin(config: Config['nats'], name: string, deadlineMs: number): Promise<NatsConnection> {
  const deadline = performance.now() + deadlineMs;
  const options: ConnectionOptions = {
    servers: config.url.split(','),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    timeout: REQUEST_TIMEOUT_MS,
    pingInterval: 10_000,
    maxPingOut: 2,
    ...(config.token === undefined ? {} : { token: config.token }),
    ...(config.user === undefined ? {} : { user: config.user }),
    ...(config.password === undefined ? {} : { pass: config.password }),
    ...(config.caFile === undefined ? {} : { tls: { caFile: config.caFile } }),
    ...(config.credsFile === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(config.credsFile)) }),
  };
  for (;;) {
    try {
      return await connect(options);
    } catch (error) {
      if (performance.now() > deadline || (error instanceof NatsError && error.code.includes('AUTHORIZATION'))) {
        throw new CycloramaError('bus_unavailable', `NATS at ${options.servers}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      await pause(500);
    }
  }
}

/** Resolves at the next change of a key or when the signal aborts. */
async function nextChange(kv: KV, key: string, seen: bigint, signal: AbortSignal): Promise<void> {
  const changes = await kv.watch({ key });
  const stop = (): void => changes.stop();
  signal.addEventListener('abort', stop);
  try {
    for await (const change of changes) {
      if (BigInt(change.revision) > seen) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    changes.stop();
  }
}

/** Reads delivery count and stream sequence out of an ack subject: `$JS.ACK.[domain.account.]stream.consumer.delivered.sequence...`. */
function parseAckSubject(reply: string): { delivered: number; sequence: bigint } {
  const words = reply.split('.');
  const at = words.length > 9 ? 6 : 4;
  return { delivered: Number(words[at]), sequence: BigInt(words[at + 1]!) };
}

function toStreamMessage(message: Msg): StreamMessage {
  return { sequence: parseAckSubject(message.reply!).sequence, subject: message.subject, payload: message.string() };
}

function toDelivery(message: Msg, request: (reply: string) => Promise<unknown>): Delivery {
  return {
    subject: message.subject,
    payload: message.string(),
    delivered: parseAckSubject(message.reply!).delivered,
    async ack() {
      await request(message.reply!);
    },
    handBack: (delayMs) => void message.respond(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`),
    working: () => void message.respond('+WPI'),
  };
}

function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

function isLost(error: unknown): boolean {
  const code = apiCode(error);
  return (
    code === ERROR_CODES.streamNotFound ||
    code === ERROR_CODES.consumerNotFound ||
    (error instanceof NatsError && error.code === '503')
  );
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  const { code } = error;
  return (
    isLost(error) ||
    ['TIMEOUT', 'CONNECTION_REFUSED', 'DISCONNECT', 'CONNECTION_TIMEOUT', '503', '409', '500'].includes(code) ||
    (error.api_error?.code ?? 0) >= 500
  );
}
