import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTools } from '../../../scripts/tools.mjs';
import { CREDENTIALS, S3Endpoint } from './s3-store.ts';
import { freePort, listens, ServerProcess } from './server-process.ts';

/** The real versitygw on a temporary folder, in which a bucket is a folder and an object is a file. */
export class TestS3 extends S3Endpoint {
  readonly port: number;
  /** Folder with one folder per bucket. Files that a test copies into it are objects without an ETag. */
  readonly folder: string;
  #server: ServerProcess;

  private constructor(port: number, folder: string, server: ServerProcess) {
    super(port);
    this.port = port;
    this.folder = folder;
    this.#server = server;
  }

  static async create(): Promise<TestS3> {
    const folder = await mkdtemp(join(tmpdir(), 'cyclorama-s3-'));
    await mkdir(join(folder, 'buckets'));
    const port = await freePort();
    return new TestS3(port, join(folder, 'buckets'), await startVersitygw(port, join(folder, 'buckets')));
  }

  /** Kills the server like a crash; `start` starts it again on the same port and folder. */
  async kill(): Promise<void> {
    await this.#server.close('SIGKILL');
  }

  async start(): Promise<void> {
    this.#server = await startVersitygw(this.port, this.folder);
  }

  override async close(): Promise<void> {
    super.close();
    await this.#server.close();
    await rm(join(this.folder, '..'), { recursive: true, force: true, maxRetries: 3 });
  }
}

function startVersitygw(port: number, folder: string): Promise<ServerProcess> {
  const { accessKeyId, secretAccessKey } = CREDENTIALS;
  const credentials = ['--access', accessKeyId, '--secret', secretAccessKey];
  return ServerProcess.start(
    [readTools().versitygw, '--port', `127.0.0.1:${port}`, ...credentials, '--quiet', 'posix', folder],
    () => listens(port),
  );
}
