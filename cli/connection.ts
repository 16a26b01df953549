import type { Client } from '@grpc/grpc-js';
import { AnalysisServiceClient } from '../gen/cyclorama/analysis/v1/analysis.ts';
import { DiscoveryServiceClient } from '../gen/cyclorama/discovery/v1/discovery.ts';
import { JobServiceClient } from '../gen/cyclorama/job/v1/job_service.ts';
import { type Config, readConfig } from '../services/kernel/config.ts';
import { CycloramaError, invalidRequest } from '../services/kernel/failure.ts';
import { createMetrics } from '../services/kernel/metrics.ts';
import { createObjectStore, type ObjectStore } from '../services/kernel/object-store.ts';
import { type ClientSecurity, createClient } from '../services/kernel/rpc-client.ts';
import { type Addresses, resolveAddresses } from './addresses.ts';
import { createJobCalls, type JobCalls } from './job-calls.ts';
import { dataDir } from './stack/data-dir.ts';
import { readStack, type StackEndpoints } from './stack/endpoints.ts';

/** What a command reaches: services and store, opened when first asked for. */
export interface Connection {
  readonly addresses: Addresses;
  readonly security: ClientSecurity;
  discovery(): DiscoveryServiceClient;
  analysis(): AnalysisServiceClient;
  jobs(): JobCalls;
  /** The store and where it is, in words. */
  store(): { store: ObjectStore; where: string };
  /** The running local stack's store, whatever the environment names: local files go through it. */
  localStore(): ObjectStore;
  close(): void;
}

/** What the command line says about servers. */
export interface ConnectionOptions {
  endpoint?: string[];
  data?: string;
}

type Environment = Record<string, string | undefined>;

/** With one of these the user has named a store; without, a running local stack's is meant. */
const STORE_VARIABLES = [
  'CYCLORAMA_S3_ENDPOINT',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'CYCLORAMA_S3_ROLE_ARN',
];

/** Prepares the way to the servers that options, environment or local stack name. */
export function connect(options: ConnectionOptions, env: Environment): Connection {
  const config = readConfig(env, { grpcPort: 0, httpPort: 0 });
  const stack = readStack(options.data);
  const addresses = resolveAddresses({ endpoints: options.endpoint ?? [], env, stack });
  const security: ClientSecurity = { token: config.token, tlsCa: config.tlsCa };
  const closers: (() => void)[] = [];
  const opened = <C extends Client>(client: C): C => {
    closers.push(() => client.close());
    return client;
  };
  return {
    addresses,
    security,
    discovery: () => opened(createClient(DiscoveryServiceClient, addresses.discovery, security)),
    analysis: () => opened(createClient(AnalysisServiceClient, addresses.analysis, security)),
    jobs: () => createJobCalls(opened(createClient(JobServiceClient, addresses.analysis, security))),
    store() {
      const { store, where } = openStore(config, env, stack);
      closers.push(() => store.close());
      return { store, where };
    },
    localStore() {
      const store = openLocalStore(config, requireLocal(stack, addresses, options.data));
      closers.push(() => store.close());
      return store;
    },
    close() {
      for (const close of closers) close();
    },
  };
}

function openStore(
  config: Config,
  env: Environment,
  stack: StackEndpoints | undefined,
): { store: ObjectStore; where: string } {
  const named = STORE_VARIABLES.some((name) => env[name]);
  if (named || stack === undefined || stack.remoteStore) {
    const where = config.s3.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? 'AWS S3';
    return { store: createObjectStore(config, createMetrics('cli')), where };
  }
  return { store: openLocalStore(config, stack), where: `the local stack (${stack.s3.endpoint})` };
}

function openLocalStore(config: Config, stack: StackEndpoints): ObjectStore {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: config.s3.checksums };
  return createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('cli'), { accessKeyId, secretAccessKey });
}

/** Local files are of use only to services that read the local stack's store. */
function requireLocal(stack: StackEndpoints | undefined, addresses: Addresses, data?: string): StackEndpoints {
  if (stack === undefined) {
    throw new CycloramaError(
      'service_unavailable',
      `no local stack runs on '${dataDir(data).root}', through which local files go; start it: npx cyclorama up --detach`,
    );
  }
  if (stack.remoteStore) {
    const description =
      'local files go through the local store, and the stack runs without (--remote-store); put them into a bucket that it reads (npx cyclorama put)';
    throw invalidRequest({ field: 'SOURCE', description });
  }
  if (addresses.analysis === stack.analysis && addresses.discovery === stack.discovery) return stack;
  const description = `local files go through the local stack, but ${addresses.analysis} is no service of it; put them into a bucket that it reads (npx cyclorama put)`;
  throw invalidRequest({ field: 'SOURCE', description });
}
