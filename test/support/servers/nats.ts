import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readTools } from '../../../scripts/tools.mjs';
import { openBus } from '../../../services/kernel/bus/bus.ts';
import type { Bus } from '../../../services/kernel/bus/types.ts';
import { type Environment, readConfig } from '../../../services/kernel/process/config.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** The real nats-server with JetStream in a temporary folder. */
export class TestNats {
  readonly port: number;
  readonly #monitorPort: number;
  readonly #folder: string;
  readonly #args: string[];
  readonly #buses: Bus[] = [];
  #server: ServerProcess | undefined;

  private constructor(port: number, monitorPort: number, folder: string, args: string[]) {
    this.#args = args;
    this.port = port;
    this.#monitorPort = monitorPort;
    this.#folder = folder;
  }

  /** Starts a server; `args` are further arguments of its command line. */
  static async create(args: string[] = []): Promise<TestNats> {
    const folder = await mkdtemp(join(tmpdir(), 'cyclorama-nats-'));
    const nats = new TestNats(await freePort(), await freePort(), folder, args);
    await nats.start();
    return nats;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Opens our bus on this server, which is closed with the server. */
  async openBus(queues: string[] = [], settings: Environment = {}): Promise<Bus> {
    const env = { CYCLORAMA_NATS_URL: this.url, CYCLORAMA_ACK_WAIT_MS: '2000' };
    const { nats } = readConfig({ ...env, ...settings }, { grpcPort: 0, httpPort: 0 });
    const bus = await openBus(nats, { name: 'test', queues }, pino({ level: 'silent' }));
    this.#buses.push(bus);
    return bus;
  }

  /** Stops the server as a crash would. */
  async kill(): Promise<void> {
    await this.#server?.close('SIGKILL');
  }

  /** Starts the server on the same port and data; `args` may differ from those before. */
  async start(args = this.#args): Promise<void> {
    const health = `http://127.0.0.1:${this.#monitorPort}/healthz?js-enabled-only=true`;
    this.#server = await ServerProcess.start(
      [
        readTools().natsServer,
        ...['-a', '127.0.0.1', '-p', String(this.port), '-m', String(this.#monitorPort)],
        ...['-js', '-sd', join(this.#folder, 'data'), ...args],
      ],
      async () => (await fetch(health).catch(() => undefined))?.ok ?? false,
    );
  }

  /** Removes all data of the server. The server must be stopped. */
  async wipe(): Promise<void> {
    await rm(join(this.#folder, 'data'), { recursive: true, force: true, maxRetries: 3 });
  }

  async close(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.close()));
    await this.#server?.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
