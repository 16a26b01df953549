import { Server, ServerCredentials } from '@grpc/grpc-js';
import { CycloramaError } from '../failure.ts';
import type { Config } from '../process/config.ts';
import type { Log } from '../process/log.ts';
import type { Metrics } from '../process/metrics.ts';
import { createHealth } from './health.ts';
import { createObserver, toLabels } from './observe.ts';
import { addReflection } from './reflection.ts';
import type { RpcService } from './service.ts';

/** Every gRPC client accepts messages of this size by default, so any client can read ours. */
export const MAX_MESSAGE_BYTES = 4 * 1024 ** 2;

/** A gRPC server with health, reflection, token, metrics and typed errors. */
export interface RpcServer {
  /** Binds and begins to answer; health reports NOT_SERVING until `setServing(true)`. */
  start(): Promise<{ port: number }>;
  setServing(serving: boolean): void;
  /** Refuses new calls and ends those under way with UNAVAILABLE after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

interface RpcServerParts {
  config: Pick<Config, 'host' | 'grpcPort' | 'tls' | 'token' | 'callTimeoutMs'>;
  log: Log;
  metrics: Metrics;
  services: RpcService[];
}

/** After the grace, the last statuses have so long to reach their clients. */
const LAST_WORDS_MS = 500;

/** Creates a server of the services; `start` binds its port. */
export function createRpcServer({ config, log, metrics, services }: RpcServerParts): RpcServer {
  const stopping = new AbortController();
  const health = createHealth(services.map(({ name }) => name));
  const server = new Server({
    interceptors: [createObserver({ log, metrics, token: config.token })],
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_connection_idle_ms': 300_000,
    // Clients of a headless service resolve its name again only when a connection ends.
    'grpc.max_connection_age_ms': 600_000,
    'grpc.max_connection_age_grace_ms': config.callTimeoutMs + 30_000,
  });
  const host = { log, callTimeoutMs: config.callTimeoutMs, stopping: stopping.signal };
  for (const service of [...services, health.service]) {
    server.addService(service.definition, service.implement(host));
    for (const method of Object.values(service.definition)) zeroInit(metrics, toLabels(method));
  }
  addReflection(
    server,
    [...services, health.service].map(({ name }) => name),
  );

  return {
    start: async () => ({ port: await bind(server, config) }),
    setServing: health.setServing,
    async stop(graceMs) {
      health.stop();
      const calls = new Promise<void>((resolve, reject) => {
        server.tryShutdown((error) => (error ? reject(error) : resolve()));
      });
      const endCalls = setTimeout(
        () => stopping.abort(new CycloramaError('service_unavailable', 'the server is going away; call again')),
        graceMs,
      );
      const force = setTimeout(() => server.forceShutdown(), graceMs + LAST_WORDS_MS);
      try {
        await calls;
      } finally {
        clearTimeout(endCalls);
        clearTimeout(force);
      }
    },
  };
}

function bind(server: Server, { host, grpcPort, tls }: RpcServerParts['config']): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }])
    : ServerCredentials.createInsecure();
  const address = `${host.includes(':') ? `[${host}]` : host}:${grpcPort}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) =>
      error ? reject(new Error(`cannot listen on ${address}: ${error.message}`, { cause: error })) : resolve(port),
    );
  });
}

function zeroInit(metrics: Metrics, labels: ReturnType<typeof toLabels>): void {
  metrics.grpcServerStarted.inc(labels, 0);
  metrics.grpcServerHandled.inc({ ...labels, grpc_code: 'OK' }, 0);
  metrics.grpcServerHandlingSeconds.zero(labels);
}
