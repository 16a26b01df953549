import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tools } from '../../scripts/tools.mjs';
import type { S3Key } from './credentials.ts';
import { type DataDir, ROOT } from './data-dir.ts';
import type { StackEndpoints } from './endpoints.ts';
import { HOST, type Ports, SPAN } from './ports.ts';
import { SERVICES, type ServiceName } from './services.ts';

export type PartName = 'nats' | 's3' | ServiceName | 'worker';

/**
 * Bounds V8's young generation. Without it young objects fill 100 MB and more before V8 collects them: a worker's
 * memory grew to 400 MB over 2,000 assets, of which 35 MB were in use.
 */
const NODE_FLAGS = ['--max-semi-space-size=8'];

/** One process of the stack: how it is started and when it counts as ready. */
export interface Part {
  /** `nats`, `analysis`, or `analysis-2` for a second replica. */
  name: string;
  /** Parts of one stage start together, after those of the stage before. */
  stage: 0 | 1 | 2;
  command: string[];
  env: NodeJS.ProcessEnv;
  /** Answers 200 when the part is ready. */
  readyUrl: string;
  readyTimeoutMs: number;
  /** Time from SIGTERM to SIGKILL. */
  stopTimeoutMs: number;
  ports: Ports;
}

export interface PartsInput {
  dir: DataDir;
  ports: Ports;
  tools: Tools;
  key: S3Key;
  /** Says whether object metadata needs a folder of its own. */
  sidecar: boolean;
  /** Says whether services use the store that the environment names, and not the local one. */
  remoteStore: boolean;
  /** Additional environment of services and workers. */
  env: Record<string, string>;
}

const REGION = 'us-east-1';
const SERVER_STOP_MS = 10_000;
/** Longer than the time in which services and workers end themselves. */
const SERVICE_STOP_MS = 25_000;

/** A worker's first self-test on a GPU compiles kernels for minutes. */
const GPU_WORKER_READY_MS = 1_320_000;

/** Longest time for all parts to end, stage after stage: workers, services, servers. */
export const LONGEST_STOP_MS = 2 * SERVICE_STOP_MS + SERVER_STOP_MS;

/** Returns the endpoints that the parts will have. */
export function endpointsOf({
  ports,
  key,
  remoteStore,
}: Pick<PartsInput, 'ports' | 'key' | 'remoteStore'>): StackEndpoints {
  const url = (name: string): string => `http://${HOST}:${ports[name]}`;
  const addresses = Object.fromEntries(SERVICES.map(({ name }) => [name, `${HOST}:${ports[name]}`]));
  return {
    ...(addresses as Record<ServiceName, string>),
    s3: { endpoint: url('s3'), ...key, region: REGION },
    remoteStore,
    nats: `nats://${HOST}:${ports.nats}`,
    natsMonitor: url('natsMonitor'),
    http: {
      ...Object.fromEntries(SERVICES.map(({ name }) => [name, url(`${name}.http`)])),
      worker: url('worker'),
    },
  };
}

/** Describes a part. A replica from 2 on is a further process of a service or worker, with its own ports. */
export function describePart(name: PartName, replica: number, input: PartsInput): Part {
  if (name === 'nats') return natsPart(input);
  if (name === 's3') return s3Part(input);
  return servicePart(name, replica, input);
}

function natsPart({ dir, ports, tools }: PartsInput): Part {
  const port = ports.nats as number;
  const natsMonitor = ports.natsMonitor as number;
  writeFileSync(dir.natsConfig, natsConfig(dir, port, natsMonitor));
  return {
    name: 'nats',
    stage: 0,
    command: [tools.natsServer, '-c', dir.natsConfig],
    env: process.env,
    readyUrl: `http://${HOST}:${natsMonitor}/healthz?js-enabled-only=true`,
    readyTimeoutMs: 60_000,
    stopTimeoutMs: SERVER_STOP_MS,
    ports: { nats: port, natsMonitor },
  };
}

/** Writes the configuration. The sync interval bounds the loss of a power cut; a killed server loses nothing. */
function natsConfig(dir: DataDir, port: number, monitor: number): string {
  return `server_name: cyclorama
listen: "${HOST}:${port}"
http: "${HOST}:${monitor}"
max_payload: 8MB
jetstream {
  store_dir: ${JSON.stringify(dir.nats)}
  sync_interval: "10s"
}
`;
}

function s3Part({ dir, ports, tools, key, sidecar }: PartsInput): Part {
  const port = ports.s3 as number;
  if (sidecar) mkdirSync(dir.sidecar, { recursive: true });
  return {
    name: 's3',
    stage: 0,
    command: [
      tools.versitygw,
      ...['--port', `${HOST}:${port}`, '--region', REGION, '--quiet', '--keep-alive', '--health', '/_healthz'],
      ...['posix', ...(sidecar ? ['--sidecar', dir.sidecar] : []), dir.buckets],
    ],
    // Every user of the machine can read arguments, so the key is in the environment.
    env: { ...process.env, ROOT_ACCESS_KEY: key.accessKeyId, ROOT_SECRET_KEY: key.secretAccessKey },
    readyUrl: `http://${HOST}:${port}/_healthz`,
    readyTimeoutMs: 30_000,
    stopTimeoutMs: SERVER_STOP_MS,
    ports: { s3: port },
  };
}

function servicePart(service: ServiceName | 'worker', replica: number, input: PartsInput): Part {
  const { dir } = input;
  const isWorker = service === 'worker';
  const name = replica === 1 ? service : `${service}-${replica}`;
  const moved = (key: string): number => (input.ports[key] as number) + SPAN * (replica - 1);
  const http = moved(isWorker ? 'worker' : `${service}.http`);
  const main = join(ROOT, 'services', SERVICES.find((row) => row.name === service)?.folder ?? 'worker', 'main.ts');
  if (!existsSync(main)) throw new Error(`'${main}' is not there; expected the entry point of '${service}'`);
  return {
    name,
    stage: isWorker ? 2 : 1,
    command: [process.execPath, ...NODE_FLAGS, main],
    env: {
      ...serviceEnv(input),
      CYCLORAMA_HTTP_PORT: String(http),
      ...(isWorker
        ? { CYCLORAMA_SCRATCH_DIR: join(dir.scratch, name) }
        : { CYCLORAMA_GRPC_PORT: String(moved(service)) }),
    },
    readyUrl: `http://${HOST}:${http}/readyz`,
    readyTimeoutMs: isWorker ? (existsSync('/dev/nvidiactl') ? GPU_WORKER_READY_MS : 120_000) : 60_000,
    stopTimeoutMs: SERVICE_STOP_MS,
    ports: isWorker ? { [name]: http } : { [name]: moved(service), [`${name}.http`]: http },
  };
}

/** Makes the environment of a service. For the local store it omits the user's own AWS session token or role. */
function serviceEnv(input: PartsInput): NodeJS.ProcessEnv {
  const endpoints = endpointsOf(input);
  const isOwn = ([name]: [string, unknown]): boolean => !/^(?:AWS|CYCLORAMA_S3)_/.test(name);
  return {
    ...(input.remoteStore ? process.env : Object.fromEntries(Object.entries(process.env).filter(isOwn))),
    CYCLORAMA_HOST: HOST,
    CYCLORAMA_NATS_URL: endpoints.nats,
    CYCLORAMA_DISCOVERY_ADDRESS: endpoints.discovery,
    CYCLORAMA_PYTHON: input.tools.python,
    ...(input.remoteStore ? {} : localStoreEnv(endpoints)),
    ...input.env,
  };
}

function localStoreEnv({ s3 }: StackEndpoints): NodeJS.ProcessEnv {
  return {
    CYCLORAMA_S3_ENDPOINT: s3.endpoint,
    CYCLORAMA_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
  };
}
