import { CycloramaError, invalidRequest } from '../../services/kernel/failure.ts';
import type { Config } from '../../services/kernel/process/config.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { dataDir } from '../stack/data-dir.ts';
import type { StackEndpoints } from '../stack/endpoints.ts';
import { SERVICES } from '../stack/services.ts';
import type { Addresses } from './addresses.ts';

/** Variables that name a store; without any of them commands use the running local stack's store. */
const STORE_VARIABLES = [
  'CYCLORAMA_S3_ENDPOINT',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'CYCLORAMA_S3_ROLE_ARN',
];

const PUT_INSTEAD = 'put them into a bucket that it reads (npx cyclorama put)';

/** A store and a description of where it is. */
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

/** Opens the local stack's store for local files; refuses if the services that are addressed do not read that store. */
export function openLocalStore(
  config: Config,
  stack: StackEndpoints | undefined,
  addresses: Addresses,
  data: string | undefined,
): ObjectStore {
  if (stack === undefined) {
    const advice = 'start it: npx cyclorama up --detach';
    const message = `local files go through the local stack, and none runs on '${dataDir(data).root}'; ${advice}`;
    throw new CycloramaError('service_unavailable', message);
  }
  if (stack.remoteStore) {
    const why = 'local files go through the local store, but the stack was started without one (--remote-store)';
    throw invalidRequest({ field: 'SOURCE', description: `${why}; ${PUT_INSTEAD}` });
  }
  const foreign = SERVICES.find(({ name }) => addresses[name] !== stack[name]);
  if (foreign === undefined) return openStackStore(config, stack);
  const why = `local files go through the local stack, but ${addresses[foreign.name]} is not one of its services`;
  throw invalidRequest({ field: 'SOURCE', description: `${why}; ${PUT_INSTEAD}` });
}

function openStackStore(config: Config, stack: StackEndpoints): ObjectStore {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: config.s3.checksums };
  return createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('cli'), { accessKeyId, secretAccessKey });
}
