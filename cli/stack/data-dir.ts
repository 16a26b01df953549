import { mkdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where the local stack keeps everything, one folder. */
export interface DataDir {
  root: string;
  buckets: string;
  nats: string;
  natsConfig: string;
  /** Object metadata, where the file system has no user attributes. */
  sidecar: string;
  scratch: string;
  logs: string;
  credentials: string;
  /** Who runs the stack: held from start to end. */
  holder: string;
  /** Endpoints and the state of the parts. */
  state: string;
}

/** The data folder that a command means: `.cyclorama` in this clone when it names none. */
export function dataDir(path?: string): DataDir {
  const root = path === undefined ? join(ROOT, '.cyclorama') : isAbsolute(path) ? path : resolve(path);
  return {
    root,
    buckets: join(root, 'buckets'),
    nats: join(root, 'nats'),
    natsConfig: join(root, 'nats.conf'),
    sidecar: join(root, 's3-metadata'),
    scratch: join(root, 'scratch'),
    logs: join(root, 'logs'),
    credentials: join(root, 'credentials.json'),
    holder: join(root, 'stack.pid'),
    state: join(root, 'stack.json'),
  };
}

/** Creates the folders of a data folder. */
export function createDataDir(dir: DataDir): void {
  mkdirSync(dir.root, { recursive: true, mode: 0o700 });
  for (const folder of [dir.buckets, dir.nats, dir.scratch, dir.logs]) mkdirSync(folder, { recursive: true });
}
