import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type DataDir, dataDir } from './data-dir.ts';
import { readHolder } from './holder.ts';
import type { ServiceName } from './services.ts';

/** Addresses of a running stack's parts: `host:port` for services, URLs for the others. */
export type StackEndpoints = Record<ServiceName, string> & {
  s3: { endpoint: string; accessKeyId: string; secretAccessKey: string; region: string };
  /** Says whether the stack uses the store that the environment names; then nothing listens at `s3`. */
  remoteStore: boolean;
  nats: string;
  natsMonitor: string;
  /** Base URLs of /metrics, /livez and /readyz by part. */
  http: Record<string, string>;
};

export type PartState = 'starting' | 'ready' | 'restarting' | 'stopped' | 'failed';

export interface PartStatus {
  name: string;
  state: PartState;
  pid: number | undefined;
  restarts: number;
  log: string;
}

/** State of a running stack, for other commands. */
export interface StackState {
  endpoints: StackEndpoints;
  parts: PartStatus[];
}

/** Writes the state of the stack; only its owner can read it, since it holds the S3 key. */
export function writeState(dir: DataDir, state: StackState): void {
  const draft = `${dir.state}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, dir.state);
}

/** Reads the state of the stack that runs on a data folder; undefined if none runs. */
export function readState(dir: DataDir): StackState | undefined {
  if (readHolder(dir) === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(dir.state, 'utf8')) as StackState;
  } catch (error) {
    // The stack has claimed the folder but has not written its state yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the endpoints of the stack that runs on a data folder (default: this clone's); undefined if none runs. */
export function readStack(path?: string): StackEndpoints | undefined {
  return readState(dataDir(path))?.endpoints;
}
