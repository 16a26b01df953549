import type { Client } from '@grpc/grpc-js';
import { pino } from 'pino';
import { createMetrics, type Metrics } from '../../../services/kernel/process/metrics.ts';
import { type ClientSecurity, createClient } from '../../../services/kernel/rpc/client.ts';
import { createRpcServer, type RpcServer } from '../../../services/kernel/rpc/server.ts';
import type { RpcService } from '../../../services/kernel/rpc/service.ts';

type Settings = Parameters<typeof createRpcServer>[0]['config'];

/** Our gRPC server on a free port in this process, with its log and metrics, and with clients that it closes. */
export class TestRpc {
  readonly port: number;
  readonly metrics: Metrics;
  readonly #server: RpcServer;
  readonly #lines: string[];
  readonly #clients: Client[] = [];

  private constructor(port: number, server: RpcServer, metrics: Metrics, lines: string[]) {
    this.port = port;
    this.metrics = metrics;
    this.#server = server;
    this.#lines = lines;
  }

  static async create(services: RpcService[], settings: Partial<Settings> = {}): Promise<TestRpc> {
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const metrics = createMetrics('test');
    const config = { host: '127.0.0.1', grpcPort: 0, tls: undefined, token: undefined, callTimeoutMs: 60_000 };
    const server = createRpcServer({ config: { ...config, ...settings }, log, metrics, services });
    const { port } = await server.start();
    server.setServing(true);
    return new TestRpc(port, server, metrics, lines);
  }

  get address(): string {
    return `localhost:${this.port}`;
  }

  /** The parsed lines of the log. */
  get log(): Record<string, unknown>[] {
    return this.#lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  client<C extends Client>(Constructor: Parameters<typeof createClient<C>>[0], security?: ClientSecurity): C {
    const client = createClient(Constructor, this.address, security);
    this.#clients.push(client);
    return client;
  }

  setServing(serving: boolean): void {
    this.#server.setServing(serving);
  }

  stop(graceMs: number): Promise<void> {
    return this.#server.stop(graceMs);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#server.stop(0);
  }
}
