import type { Client } from '@grpc/grpc-js';
import { AnalysisServiceClient } from '../gen/cyclorama/analysis/v1/analysis.ts';
import { DiscoveryServiceClient } from '../gen/cyclorama/discovery/v1/discovery.ts';
import { JobServiceClient } from '../gen/cyclorama/job/v1/job_service.ts';
import { type Config, readConfig } from '../services/kernel/config.ts';
import { createMetrics } from '../services/kernel/metrics.ts';
import { createObjectStore, type ObjectStore } from '../services/kernel/object-store.ts';
import { type ClientSecurity, createClient } from '../services/kernel/rpc-client.ts';
import { type Addresses, resolveAddresses } from './addresses.ts';
import { createJobCalls, type JobCalls } from './job-calls.ts';
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
  const metrics = createMetrics('cli');
  const named = STORE_VARIABLES.some((name) => env[name]);
  if (named || stack === undefined) {
    const where = config.s3.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? 'AWS S3';
    return { store: createObjectStore(config, metrics), where };
  }
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: config.s3.checksums };
  const local = createObjectStore({ s3, allowedBuckets: undefined }, metrics, { accessKeyId, secretAccessKey });
  return { store: local, where: `the local stack (${endpoint})` };
}
