import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../process/log.ts';
import type { Metrics } from '../process/metrics.ts';
import { orAborted } from '../signal.ts';

/** A slower readiness check counts as a problem, because kubelets do not wait long. */
const READY_TIMEOUT_MS = 3_000;

/** Returns the problems that make a process not ready; empty if it is ready. */
export type ReadyCheck = () => string[] | Promise<string[]>;

/** The HTTP server of one process, with /metrics, /livez and /readyz. */
export interface HttpServer {
  start(): Promise<{ port: number }>;
  stop(): Promise<void>;
}

interface HttpServerParts {
  host: string;
  port: number;
  registry: Pick<Metrics['registry'], 'metrics' | 'contentType'>;
  ready: ReadyCheck;
  log: Log;
}

/** Creates the server; `start` binds its port. */
export function createHttpServer({ host, port, registry, ready, log }: HttpServerParts): HttpServer {
  const server = createServer((request, response) => {
    answer(request.url?.split('?')[0] ?? '/', response, registry, ready).catch((error: unknown) => {
      log.error({ err: error, url: request.url }, 'http request failed');
      send(response, 500, 'internal error\n');
    });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', (error) => reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`)));
        server.listen(port, host, () => resolve({ port: (server.address() as AddressInfo).port }));
      }),
    stop: () =>
      new Promise((resolve, reject) => {
        if (!server.listening) return resolve();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(
  path: string,
  response: ServerResponse,
  registry: Pick<Metrics['registry'], 'metrics' | 'contentType'>,
  ready: ReadyCheck,
): Promise<void> {
  switch (path) {
    case '/metrics':
      return send(response, 200, await registry.metrics(), registry.contentType);
    case '/livez':
      return send(response, 200, 'ok\n');
    case '/readyz': {
      const problems = await readProblems(ready);
      return problems.length === 0 ? send(response, 200, 'ok\n') : send(response, 503, `${problems.join('\n')}\n`);
    }
    default:
      return send(response, 404, 'there are /metrics, /livez and /readyz\n');
  }
}

/** Runs a readiness check; a check that throws or hangs counts as a problem. */
export async function readProblems(ready: ReadyCheck): Promise<string[]> {
  const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
  try {
    return await orAborted(Promise.resolve().then(ready), deadline);
  } catch (error) {
    return [deadline.aborted ? `no answer within ${READY_TIMEOUT_MS} ms` : (error as Error).message];
  }
}

function send(response: ServerResponse, code: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
