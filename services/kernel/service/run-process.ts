import { type Config, ConfigError, type DefaultPorts, readConfig, redactConfig } from '../process/config.ts';
import { createLog, type Log } from '../process/log.ts';
import { createMetrics, type Metrics } from '../process/metrics.ts';
import { createRpcServer, type RpcServer } from '../rpc/server.ts';
import type { RpcService } from '../rpc/service.ts';
import { pause } from '../signal.ts';
import { createHttpServer, type ReadyCheck, readProblems } from './http.ts';

/** Exit code for an unusable configuration, EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
/** After SIGTERM, calls and tasks under way have so long to end. */
const GRACE_MS = 15_000;
/** After this time the process exits, even if something hangs. */
const STOP_LIMIT_MS = 20_000;
const READY_PERIOD_MS = 5_000;
const UNREADY_PERIOD_MS = 1_000;

/** Configuration, log and metrics of one process. */
export interface Platform {
  config: Config;
  log: Log;
  metrics: Metrics;
}

/** The parts of a process. */
export interface ProcessParts {
  /** gRPC services to serve; none for a worker. */
  services?: RpcService[];
  /** Returns the reasons why calls or tasks would fail now. */
  ready?: ReadyCheck;
  /** Stops taking work, and ends or hands back the work under way. It runs while the calls end. */
  drain?: (graceMs: number) => Promise<void>;
  /** Closes connections; it is called last. */
  close?: () => Promise<void> | void;
  /** Resolves when the process ends by itself, such as an idle pilot. */
  done?: Promise<void>;
}

/**
 * Runs one process from start to exit: reads its configuration, serves HTTP and gRPC, and stops on SIGTERM or SIGINT.
 * Exits with 0 after an orderly stop, 78 on a configuration error, and 1 on any other error.
 */
export async function runProcess(
  name: string,
  ports: DefaultPorts,
  create: (platform: Platform) => Promise<ProcessParts> | ProcessParts,
): Promise<void> {
  const platform = readPlatform(name, ports);
  const { log } = platform;
  const asked = askedToEnd(log);
  try {
    const running = await Promise.race([startParts(platform, create), asked]);
    if (running) {
      await Promise.race([running.done, asked]);
      setTimeout(() => fail(log, new Error(`not stopped within ${STOP_LIMIT_MS} ms`)), STOP_LIMIT_MS).unref();
      await running.stop();
    }
    log.info('stopped');
    process.exit(0);
  } catch (error) {
    if (error instanceof ConfigError) failConfig(name, error);
    fail(log, error);
  }
}

function readPlatform(name: string, ports: DefaultPorts): Platform {
  try {
    const config = readConfig(process.env, ports);
    const log = createLog(name, config.logLevel);
    log.info({ config: redactConfig(config) }, 'starting');
    return { config, log, metrics: createMetrics(name) };
  } catch (error) {
    if (error instanceof ConfigError) failConfig(name, error);
    throw error;
  }
}

/** Ends the process with every problem of its settings, and a status by which a supervisor knows not to restart it. */
function failConfig(name: string, error: ConfigError): never {
  process.stderr.write(`${name}: ${error.message}\n`);
  process.exit(EXIT_CONFIG);
}

/** Resolves at the first SIGTERM or SIGINT. A second signal or an uncaught error ends the process at once. */
function askedToEnd(log: Log): Promise<undefined> {
  process.on('uncaughtException', (error) => fail(log, error));
  process.on('unhandledRejection', (error) => fail(log, error));
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (++signals > 1) fail(log, new Error(`second ${signal}`));
      log.info({ signal }, 'stopping');
      resolve(undefined);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function fail(log: Log, error: unknown): never {
  log.fatal({ err: error }, 'stopped by an error');
  process.exit(1);
}

interface Running {
  done: Promise<void>;
  stop(): Promise<void>;
}

async function startParts(
  { config, log, metrics }: Platform,
  create: (platform: Platform) => Promise<ProcessParts> | ProcessParts,
): Promise<Running> {
  let ready: ReadyCheck = () => ['starting'];
  const http = createHttpServer({
    host: config.host,
    port: config.httpPort,
    registry: metrics.registry,
    ready: () => ready(),
    log,
  });
  const { port: httpPort } = await http.start();
  const parts = await create({ config, log, metrics });
  const rpc = parts.services && createRpcServer({ config, log, metrics, services: parts.services });
  const grpcPort = (await rpc?.start())?.port;
  ready = parts.ready ?? (() => []);
  const stopping = new AbortController();
  const following = rpc && followReadiness(rpc, ready, log, stopping.signal);
  log.info({ host: config.host, grpcPort, httpPort }, 'started');

  return {
    done: parts.done ?? new Promise(() => {}),
    async stop() {
      stopping.abort();
      ready = () => ['stopping'];
      const ends = await Promise.allSettled([following, parts.drain?.(GRACE_MS), rpc?.stop(GRACE_MS)]);
      // This runs even after an error, so that no child processes and files are left.
      await parts.close?.();
      await http.stop();
      const broken = ends.find((end) => end.status === 'rejected');
      if (broken) throw broken.reason;
    },
  };
}

/** Updates the gRPC health of the services from their readiness. */
async function followReadiness(rpc: RpcServer, ready: ReadyCheck, log: Log, signal: AbortSignal): Promise<void> {
  let before: string | undefined;
  while (!signal.aborted) {
    const problems = await readProblems(ready);
    const now = problems.join('; ');
    rpc.setServing(problems.length === 0);
    if (now !== before) log[now === '' ? 'info' : 'warn']({ problems }, now === '' ? 'ready' : 'not ready');
    before = now;
    await pause(now === '' ? READY_PERIOD_MS : UNREADY_PERIOD_MS, signal);
  }
}
