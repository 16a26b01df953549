import { mkdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Paths in the data folder of a local stack. */
export interface DataDir {
  root: string;
  buckets: string;
  nats: string;
  natsConfig: string;
  /** Object metadata, for file systems without user attributes. */
  sidecar: string;
  scratch: string;
  logs: string;
  credentials: string;
  /** Identity of the process that runs the stack; the file exists while it runs. */
  holder: string;
  /** Endpoints and the state of the parts. */
  state: string;
}

/** Returns the paths of a data folder; by default `.cyclorama` in this clone. */
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
