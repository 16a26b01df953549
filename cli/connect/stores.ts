import { CycloramaError, invalidRequest } from '../../services/kernel/failure.ts';
import type { Config } from '../../services/kernel/process/config.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { dataDir } from '../stack/data-dir.ts';
import type { StackEndpoints } from '../stack/endpoints.ts';
import { SERVICES } from '../stack/services.ts';
import type { Addresses } from './addresses.ts';

/** With one of these the user has named a store; without, a running local stack's is meant. */
const STORE_VARIABLES = [
  'CYCLORAMA_S3_ENDPOINT',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'CYCLORAMA_S3_ROLE_ARN',
];

/** A store and where it is, in words. */
export interface NamedStore {
  store: ObjectStore;
  where: string;
}

/** Opens the store that the environment names, else the running local stack's. */
export function openStore(
  config: Config,
  env: Record<string, string | undefined>,
  stack: StackEndpoints | undefined,
): NamedStore {
  const named = STORE_VARIABLES.some((name) => env[name]);
  if (named || stack === undefined || stack.remoteStore) {
    const where = config.s3.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? 'AWS S3';
    return { store: createObjectStore(config, createMetrics('cli')), where };
  }
  return { store: openStackStore(config, stack), where: `the local stack (${stack.s3.endpoint})` };
}

/** Opens the local stack's store for local files, which are of use only to services that read it. */
export function openLocalStore(
  config: Config,
  stack: StackEndpoints | undefined,
  addresses: Addresses,
  data: string | undefined,
): ObjectStore {
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
  const foreign = SERVICES.find(({ name }) => addresses[name] !== stack[name]);
  if (foreign === undefined) return openStackStore(config, stack);
  const description = `local files go through the local stack, but ${addresses[foreign.name]} is no service of it; put them into a bucket that it reads (npx cyclorama put)`;
  throw invalidRequest({ field: 'SOURCE', description });
}

function openStackStore(config: Config, stack: StackEndpoints): ObjectStore {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: config.s3.checksums };
  return createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('cli'), { accessKeyId, secretAccessKey });
}
