import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort, ServerProcess } from './server-process.ts';

/** One of our programs in its own process. */
export class ServiceProcess {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly server: ServerProcess;

  private constructor(grpcPort: number, httpPort: number, server: ServerProcess) {
    this.grpcPort = grpcPort;
    this.httpPort = httpPort;
    this.server = server;
  }

  /** Starts a program by its path from the repository's root, on free ports, and waits until it is ready. */
  static async create(program: string, env: Record<string, string>): Promise<ServiceProcess> {
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    const main = fileURLToPath(new URL(`../../../${program}`, import.meta.url));
    const server = await ServerProcess.start(
      [process.execPath, main],
      async () => (await fetch(`http://127.0.0.1:${httpPort}/readyz`).catch(() => undefined))?.status === 200,
      { ...env, CYCLORAMA_GRPC_PORT: String(grpcPort), CYCLORAMA_HTTP_PORT: String(httpPort) },
    );
    return new ServiceProcess(grpcPort, httpPort, server);
  }

  /** Current and highest resident memory in MiB (Linux only). */
  get memory(): { rssMib: number; peakMib: number } {
    const status = readFileSync(`/proc/${this.server.child.pid}/status`, 'utf8');
    const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024;
    return { rssMib: read('VmRSS'), peakMib: read('VmHWM') };
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}
