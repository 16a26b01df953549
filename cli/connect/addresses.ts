import { invalidRequest } from '../../services/kernel/failure.ts';
import { SERVICES, type ServiceName } from '../stack/services.ts';

/** Address of each service, `host:port`. Each of them answers for jobs. */
export type Addresses = Record<ServiceName, string>;

/** Sources of addresses, in order of precedence; without any, services are on this machine's default ports. */
export interface AddressSources {
  /** `HOST:PORT` for every service, or `SERVICE=HOST:PORT` for one. */
  endpoints: string[];
  env: Record<string, string | undefined>;
  stack: Partial<Addresses> | undefined;
}

const ENDPOINT = /^(?:(?<service>[a-z-]+)=)?(?<address>(?:\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5})$/;

/** Finds the address of each service. */
export function resolveAddresses({ endpoints, env, stack }: AddressSources): Addresses {
  const named = endpoints.map(parseEndpoint);
  const all = named.find(({ service }) => service === undefined)?.address;
  const rows = SERVICES.map(({ name, grpcPort }) => {
    const own = named.find(({ service }) => service === name)?.address;
    const variable = env[addressVariable(name)] || undefined;
    return [name, own ?? all ?? variable ?? stack?.[name] ?? `127.0.0.1:${grpcPort}`];
  });
  return Object.fromEntries(rows) as Addresses;
}

/** Returns the name of the environment variable for a service's address; a service's name may have hyphens. */
export function addressVariable(service: string): string {
  return `CYCLORAMA_${service.toUpperCase().replaceAll('-', '_')}_ADDRESS`;
}

function parseEndpoint(endpoint: string): { service: string | undefined; address: string } {
  const groups = ENDPOINT.exec(endpoint)?.groups;
  const names: string[] = SERVICES.map(({ name }) => name);
  if (groups === undefined || (groups.service !== undefined && !names.includes(groups.service))) {
    const expected = `expected HOST:PORT, or SERVICE=HOST:PORT with ${names.join(' or ')}`;
    throw invalidRequest({ field: '--endpoint', description: `'${endpoint}' is not a server's address; ${expected}` });
  }
  return { service: groups.service, address: groups.address! };
}
