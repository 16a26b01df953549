import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { z } from 'zod';
import { environmentSchema, SECRETS } from './environment.ts';

/** Environment variables by name. */
export type Environment = Record<string, string | undefined>;

/** The settings of one process, which are read once at its start. */
export interface Config {
  logLevel: string;
  host: string;
  grpcPort: number;
  httpPort: number;
  /** Shared token that callers must bring; also sent with our own calls. */
  token: string | undefined;
  tls: { certificate: Buffer; key: Buffer } | undefined;
  /** Certificate authority for our own calls to TLS servers. */
  tlsCa: Buffer | undefined;
  callTimeoutMs: number;
  nats: {
    url: string;
    credsFile: string | undefined;
    token: string | undefined;
    user: string | undefined;
    password: string | undefined;
    caFile: string | undefined;
    replicas: number;
    /** NATS redelivers a task if its worker gives no sign of life for so long. */
    ackWaitMs: number;
  };
  s3: {
    endpoint: string | undefined;
    forcePathStyle: boolean;
    checksums: 'when_supported' | 'when_required';
    region: string;
    requesterPays?: boolean;
    /** Encryption of the objects that we write; undefined leaves it to the bucket. */
    encryption?: { algorithm: 'AES256' | 'aws:kms'; kmsKeyId: string | undefined } | undefined;
    /** Requests are made under this role. */
    role?: { arn: string; externalId: string | undefined; sessionName: string } | undefined;
  };
  /** Buckets that may be read and written; undefined means all. */
  allowedBuckets: string[] | undefined;
  discoveryAddress: string;
  /** Names the process: in a worker's beats and records, and in the drives of a service. */
  processId: string;
  worker: {
    /** The operations whose tasks the worker takes; undefined means all. */
    operations: string[] | undefined;
    slots: number;
    /** Tasks per slot that are downloaded or uploaded while Blender works on another one. */
    tasksAhead: number;
    threads: number;
    scratchDir: string;
    scratchBytes: number;
    maxAssetBytes: number;
    python: string;
    sandbox: 'required' | 'auto' | 'off';
    /** Device that Cycles may compute on; with `gpu`, a worker without a GPU does not start. */
    device: 'auto' | 'cpu' | 'gpu';
    /** Folder that keeps compiled GPU kernels from process to process. */
    kernelCacheDir: string | undefined;
    blenderMemoryBytes: number;
    /** A Blender process is replaced after so many assets. */
    blenderAssets: number;
    taskTimeoutMs: number;
    stallTimeoutMs: number;
    exitWhenIdleMs: number | undefined;
  };
}

/** Ports that a process uses if the environment names none. */
export interface DefaultPorts {
  grpcPort: number;
  httpPort: number;
}

/** Lists every problem of the environment, one line each. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`the environment is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Variables = z.infer<typeof environmentSchema>;

/** Contents of the files that the environment names. */
interface Secrets {
  certificate: Buffer | undefined;
  key: Buffer | undefined;
  tlsCa: Buffer | undefined;
  token: string | undefined;
}

/** Reads the settings from the environment and the files it names; throws one ConfigError that lists every problem. */
export function readConfig(env: Environment, ports: DefaultPorts): Config {
  const problems: string[] = [];
  const v = parseVariables(env, problems);
  const secrets = readSecrets(v, problems);
  problems.push(...contradictions(v, secrets));
  if (problems.length > 0) throw new ConfigError(problems);
  const { certificate, key, tlsCa, token } = secrets;
  return {
    logLevel: v.CYCLORAMA_LOG_LEVEL,
    host: v.CYCLORAMA_HOST,
    grpcPort: v.CYCLORAMA_GRPC_PORT ?? ports.grpcPort,
    httpPort: v.CYCLORAMA_HTTP_PORT ?? ports.httpPort,
    token,
    tls: certificate && key ? { certificate, key } : undefined,
    tlsCa,
    callTimeoutMs: v.CYCLORAMA_CALL_TIMEOUT_MS,
    nats: {
      url: v.CYCLORAMA_NATS_URL,
      credsFile: v.CYCLORAMA_NATS_CREDS_FILE,
      token: v.CYCLORAMA_NATS_TOKEN,
      user: v.CYCLORAMA_NATS_USER,
      password: v.CYCLORAMA_NATS_PASSWORD,
      caFile: v.CYCLORAMA_NATS_CA_FILE,
      replicas: v.CYCLORAMA_NATS_REPLICAS,
      ackWaitMs: v.CYCLORAMA_ACK_WAIT_MS,
    },
    s3: toS3(v),
    allowedBuckets: v.CYCLORAMA_ALLOWED_BUCKETS,
    discoveryAddress: v.CYCLORAMA_DISCOVERY_ADDRESS,
    processId: v.CYCLORAMA_WORKER_ID ?? `${hostWord()}-${process.pid}`,
    worker: toWorker(v),
  };
}

/** Parses every variable. A wrong one counts as not set afterwards, so that one start reports every problem. */
function parseVariables(env: Environment, problems: string[]): Variables {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const { data, error } = environmentSchema.safeParse(present);
  if (data) return data;
  for (const { path, message } of error.issues) {
    const name = String(path[0]);
    problems.push(`${name}=${SECRETS.has(name) ? '[redacted]' : `'${present[name]}'`}: ${message}`);
  }
  const wrong = new Set(error.issues.map(({ path }) => path[0]));
  return environmentSchema.parse(Object.fromEntries(Object.entries(present).filter(([name]) => !wrong.has(name))));
}

function readSecrets(v: Variables, problems: string[]): Secrets {
  const file = (name: keyof Variables): Buffer | undefined => {
    const where = v[name] as string | undefined;
    if (where === undefined) return undefined;
    try {
      return readFileSync(where);
    } catch (error) {
      problems.push(`${name}='${where}': ${(error as Error).message}`);
      return undefined;
    }
  };
  return {
    certificate: file('CYCLORAMA_TLS_CERT_FILE'),
    key: file('CYCLORAMA_TLS_KEY_FILE'),
    tlsCa: file('CYCLORAMA_TLS_CA_FILE'),
    token: v.CYCLORAMA_TOKEN ?? file('CYCLORAMA_TOKEN_FILE')?.toString('utf8').trim(),
  };
}

/** Lists the settings that contradict each other. */
function contradictions(v: Variables, { certificate, token }: Secrets): string[] {
  const problems: string[] = [];
  if ((v.CYCLORAMA_TLS_CERT_FILE === undefined) !== (v.CYCLORAMA_TLS_KEY_FILE === undefined)) {
    problems.push('CYCLORAMA_TLS_CERT_FILE and CYCLORAMA_TLS_KEY_FILE: set both or neither');
  }
  if (token !== undefined && token.length < 16) problems.push('CYCLORAMA_TOKEN_FILE: expected at least 16 characters');
  if (v.CYCLORAMA_S3_SSE_KMS_KEY_ID !== undefined && v.CYCLORAMA_S3_SSE !== 'aws:kms') {
    problems.push('CYCLORAMA_S3_SSE_KMS_KEY_ID: needs CYCLORAMA_S3_SSE=aws:kms');
  }
  if (v.CYCLORAMA_S3_ROLE_EXTERNAL_ID !== undefined && v.CYCLORAMA_S3_ROLE_ARN === undefined) {
    problems.push('CYCLORAMA_S3_ROLE_EXTERNAL_ID: needs CYCLORAMA_S3_ROLE_ARN');
  }
  const isOpen = !isLoopback(v.CYCLORAMA_HOST) && (certificate === undefined || token === undefined);
  if (isOpen && !v.CYCLORAMA_INSECURE_BIND) {
    const needed = 'CYCLORAMA_TLS_CERT_FILE, CYCLORAMA_TLS_KEY_FILE and CYCLORAMA_TOKEN';
    problems.push(
      `CYCLORAMA_HOST='${v.CYCLORAMA_HOST}' is reachable from outside: ` +
        `set ${needed}, or CYCLORAMA_INSECURE_BIND=true`,
    );
  }
  return problems;
}

function toS3(v: Variables): Config['s3'] {
  const { CYCLORAMA_S3_SSE: algorithm, CYCLORAMA_S3_ROLE_ARN: arn } = v;
  return {
    endpoint: v.CYCLORAMA_S3_ENDPOINT,
    forcePathStyle: v.CYCLORAMA_S3_FORCE_PATH_STYLE,
    checksums: v.CYCLORAMA_S3_CHECKSUMS,
    region: v.AWS_REGION,
    requesterPays: v.CYCLORAMA_S3_REQUESTER_PAYS,
    encryption: algorithm && { algorithm, kmsKeyId: v.CYCLORAMA_S3_SSE_KMS_KEY_ID },
    role:
      arn === undefined
        ? undefined
        : { arn, externalId: v.CYCLORAMA_S3_ROLE_EXTERNAL_ID, sessionName: v.CYCLORAMA_S3_ROLE_SESSION_NAME },
  };
}

/** The host's name in letters that an id may have. */
function hostWord(): string {
  return hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 40);
}

function toWorker(v: Variables): Config['worker'] {
  return {
    operations: v.CYCLORAMA_OPERATIONS,
    slots: v.CYCLORAMA_SLOTS,
    tasksAhead: v.CYCLORAMA_TASKS_AHEAD,
    threads: v.CYCLORAMA_THREADS,
    scratchDir: v.CYCLORAMA_SCRATCH_DIR,
    scratchBytes: v.CYCLORAMA_SCRATCH_BYTES,
    maxAssetBytes: v.CYCLORAMA_MAX_ASSET_BYTES,
    python: v.CYCLORAMA_PYTHON,
    sandbox: v.CYCLORAMA_SANDBOX,
    device: v.CYCLORAMA_DEVICE,
    kernelCacheDir: v.CYCLORAMA_KERNEL_CACHE_DIR,
    blenderMemoryBytes: v.CYCLORAMA_BLENDER_MEMORY_BYTES,
    blenderAssets: v.CYCLORAMA_BLENDER_ASSETS,
    taskTimeoutMs: v.CYCLORAMA_TASK_TIMEOUT_MS,
    stallTimeoutMs: v.CYCLORAMA_STALL_TIMEOUT_MS,
    exitWhenIdleMs: v.CYCLORAMA_EXIT_WHEN_IDLE_MS,
  };
}

/** Returns whether only this machine can reach a bind address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Returns the settings for the log, without secrets and key material. */
export function redactConfig(config: Config): object {
  const hide = (secret: unknown): string | undefined => (secret === undefined ? undefined : '[redacted]');
  return {
    ...config,
    token: hide(config.token),
    tls: config.tls && '[present]',
    tlsCa: config.tlsCa && '[present]',
    nats: {
      ...config.nats,
      url: hideUserInfo(config.nats.url),
      token: hide(config.nats.token),
      password: hide(config.nats.password),
    },
    s3: {
      ...config.s3,
      role: config.s3.role && { ...config.s3.role, externalId: hide(config.s3.role.externalId) },
      endpoint: config.s3.endpoint && hideUserInfo(config.s3.endpoint),
    },
  };
}

/** Replaces user and password in a URL, or in several URLs with commas between them. */
export function hideUserInfo(urls: string): string {
  return urls.replaceAll(/\/\/[^@/,]*@/g, '//[redacted]@');
}
