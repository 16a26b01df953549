import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type DataDir, dataDir } from './data-dir.ts';
import { readHolder } from './holder.ts';
import type { ServiceName } from './services.ts';

/** Where the parts of a running stack listen. Service addresses are `host:port`, the others URLs. */
export type StackEndpoints = Record<ServiceName, string> & {
  s3: { endpoint: string; accessKeyId: string; secretAccessKey: string; region: string };
  /** The store is the one that the environment names; nothing listens at `s3`. */
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

/** What a running stack tells other commands. */
export interface StackState {
  endpoints: StackEndpoints;
  parts: PartStatus[];
}

/** Writes the state of the stack, readable by its owner alone since it holds the S3 key. */
export function writeState(dir: DataDir, state: StackState): void {
  const draft = `${dir.state}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, dir.state);
}

/** The state of the stack that runs on a data folder; undefined when none runs. */
export function readState(dir: DataDir): StackState | undefined {
  if (readHolder(dir) === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(dir.state, 'utf8')) as StackState;
  } catch (error) {
    // Held, but still before its first report.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The endpoints of the stack that runs on a data folder (default: this clone's); undefined when none runs. */
export function readStack(path?: string): StackEndpoints | undefined {
  return readState(dataDir(path))?.endpoints;
}
