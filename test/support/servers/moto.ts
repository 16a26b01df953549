import { readTools } from '../../../scripts/tools.mjs';
import { S3Endpoint } from './s3-store.ts';
import { freePort, listens, ServerProcess } from './server-process.ts';

/** moto's S3 in memory, which can hold keys that no folder can, such as `a//b`, `..` and keys of 1,024 bytes. */
export class TestMoto extends S3Endpoint {
  readonly #server: ServerProcess;

  private constructor(port: number, server: ServerProcess) {
    super(port);
    this.#server = server;
  }

  static async create(): Promise<TestMoto> {
    const { motoServer } = readTools();
    if (motoServer === undefined) throw new Error('moto is not installed; run: node scripts/setup.mjs --test');
    const port = await freePort();
    const server = await ServerProcess.start([motoServer, '-H', '127.0.0.1', '-p', String(port)], () => listens(port));
    return new TestMoto(port, server);
  }

  override async close(): Promise<void> {
    super.close();
    await this.#server.close();
  }
}
