import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTools } from '../../../scripts/tools.mjs';
import { CREDENTIALS, S3Endpoint } from './s3-store.ts';
import { freePort, ServerProcess } from './server-process.ts';

/** SeaweedFS, a store that lists folder by folder and not in key order. */
export class TestSeaweed extends S3Endpoint {
  readonly #server: ServerProcess;
  readonly #folder: string;

  private constructor(port: number, server: ServerProcess, folder: string) {
    super(port);
    this.#server = server;
    this.#folder = folder;
  }

  static async create(): Promise<TestSeaweed> {
    const { weed } = readTools();
    if (weed === undefined) throw new Error('SeaweedFS is not installed; run: node scripts/setup.mjs --test');
    const folder = await mkdtemp(join(tmpdir(), 'cyclorama-weed-'));
    const s3Port = await freePort();
    const ports: string[] = [`-s3.port=${s3Port}`, `-s3.port.grpc=${await freePort()}`];
    for (const name of ['master', 'volume', 'filer']) {
      ports.push(`-${name}.port=${await freePort()}`, `-${name}.port.grpc=${await freePort()}`);
    }
    const url = `http://127.0.0.1:${s3Port}`;
    const off = [
      '-webdav=false',
      '-admin.ui=false',
      '-s3.port.iceberg=0',
      '-s3.port.lance=0',
      '-master.telemetry=false',
    ];
    const server = await ServerProcess.start(
      [weed, 'mini', `-dir=${folder}`, '-ip=127.0.0.1', ...ports, ...off],
      async () => (await fetch(url).catch(() => undefined)) !== undefined,
      { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey },
    );
    return new TestSeaweed(s3Port, server, folder);
  }

  override async close(): Promise<void> {
    super.close();
    await this.#server.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
