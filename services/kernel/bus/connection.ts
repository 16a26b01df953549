import { readFileSync } from 'node:fs';
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
} from 'nats';
import { CycloramaError } from '../failure.ts';
import { type Config, hideUserInfo } from '../process/config.ts';
import type { Log } from '../process/log.ts';
import { orAborted, pause, withTimeout } from '../signal.ts';
import { isLost, isTransient, toBusError } from './errors.ts';

/** Time limit of one request to NATS. */
export const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_DEADLINE_MS = 30_000;
/** A process that ends repeats its requests for so long. */
const LAST_REPEATS_MS = 3_000;
/** Time limit of a request once the process ends and that time is over. */
const LAST_REQUEST_TIMEOUT_MS = 1_000;
/** These events of the connection are logged as info, others as debug. */
const LOGGED_EVENTS = new Set<string>(['disconnect', 'reconnect', 'error', 'ldm']);

/** Repeats an attempt that may succeed later for half a minute, then throws bus_unavailable. */
export type Retry = <T>(what: string, attempt: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** The parts that all modules of the bus share. */
export interface BusCore {
  connection: NatsConnection;
  jetStream: JetStreamClient;
  manager: JetStreamManager;
  /** Runs a request; one that was under way when the connection breaks is repeated at once. */
  retry: Retry;
  /** Runs work that itself notices when the connection breaks. */
  repeat: Retry;
  /**
   * Aborts when the connection breaks or comes back, since earlier requests then get no answer.
   * After that, this property is a new signal.
   */
  readonly lost: AbortSignal;
  /** From now on, limits all repeats to a few seconds. */
  endSoon(): void;
  log: Log;
}

/** Connects, waiting for a server that is still starting. `restore` creates streams that the server has lost. */
export async function openCore(
  config: Config['nats'],
  name: string,
  log: Log,
  restore: (core: BusCore) => Promise<void>,
): Promise<BusCore> {
  const connection = await connectWithin(config, name, RETRY_DEADLINE_MS);
  let line = new AbortController();
  void followConnection(connection, log, () => {
    line.abort(new NatsError('the connection broke', 'DISCONNECT'));
    line = new AbortController();
  });

  let end = Number.POSITIVE_INFINITY;
  const repeat: Retry = async (what, attempt, signal) => {
    const deadline = performance.now() + RETRY_DEADLINE_MS;
    for (let delayMs = 100; ; delayMs = Math.min(delayMs * 2, 2_000)) {
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        const nextAt = performance.now() + delayMs;
        if (!isTransient(error) || connection.isClosed() || nextAt > Math.min(deadline, end)) {
          throw toBusError(error, what, connection.info?.max_payload);
        }
        log.debug({ what, error: (error as Error).message }, 'NATS request repeated');
        await pause(delayMs, signal);
        if (isLost(error))
          await restore(core).catch((cause: Error) => log.warn({ error: cause.message }, 'cannot make streams yet'));
      }
    }
  };
  // If the connection breaks, the answers under way never come.
  const inTime = (): AbortSignal =>
    performance.now() > end ? withTimeout(LAST_REQUEST_TIMEOUT_MS, line.signal) : line.signal;
  const retry: Retry = (what, attempt, signal) => repeat(what, () => orAborted(attempt(), inTime()), signal);
  const manager = await retry('open JetStream', () => connection.jetstreamManager({ timeout: REQUEST_TIMEOUT_MS }));
  const core: BusCore = {
    connection,
    jetStream: connection.jetstream({ timeout: REQUEST_TIMEOUT_MS }),
    manager,
    retry,
    repeat,
    get lost() {
      return line.signal;
    },
    endSoon() {
      end = performance.now() + LAST_REPEATS_MS;
    },
    log,
  };
  await retry('make streams', () => restore(core));
  return core;
}

async function followConnection(connection: NatsConnection, log: Log, onLost: () => void): Promise<void> {
  for await (const status of connection.status()) {
    // When the client connects again, it throws away the requests made in between.
    if (status.type === 'disconnect' || status.type === 'reconnect') onLost();
    log[LOGGED_EVENTS.has(status.type) ? 'info' : 'debug'](
      { status: status.type, server: String(status.data) },
      'NATS connection',
    );
  }
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
        throw new CycloramaError(
          'bus_unavailable',
          `NATS at ${hideUserInfo(config.url)}: ${(error as Error).message}`,
          { cause: error },
        );
      }
      await pause(500);
    }
  }
}
