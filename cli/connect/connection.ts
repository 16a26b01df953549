import type { Client } from '@grpc/grpc-js';
import { readConfig } from '../../services/kernel/process/config.ts';
import type { createClient } from '../../services/kernel/rpc/client.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { readStack } from '../stack/endpoints.ts';
import type { ServiceName } from '../stack/services.ts';
import { resolveAddresses } from './addresses.ts';
import type { JobCalls } from './job-calls.ts';
import type { NamedStore } from './stores.ts';

/** The services and the store of a command. Their code is loaded when it is first needed. */
export interface Connection {
  /** Opens a generated client at the server of a service. */
  client<C extends Client>(Constructor: ClientConstructor<C>, service: ServiceName): Promise<C>;
  /** Opens the job service at one of the servers, each of which answers for all jobs. */
  jobs(at?: ServiceName): Promise<JobCalls>;
  store(): Promise<NamedStore>;
  /** Opens the running local stack's store, even if the environment names another; local files go through it. */
  localStore(): Promise<ObjectStore>;
  close(): void;
}

/** Server options of the command line. */
export interface ConnectionOptions {
  endpoint?: string[];
  data?: string;
}

type ClientConstructor<C extends Client> = Parameters<typeof createClient<C>>[0];
type Environment = Record<string, string | undefined>;

/** Prepares connections to the servers that the options, the environment or the local stack name. */
export function connect(options: ConnectionOptions, env: Environment): Connection {
  const config = readConfig(env, { grpcPort: 0, httpPort: 0 });
  const stack = readStack(options.data);
  const addresses = resolveAddresses({ endpoints: options.endpoint ?? [], env, stack });
  const opened: { close(): void }[] = [];
  const keep = <Closable extends { close(): void }>(closable: Closable): Closable => {
    opened.push(closable);
    return closable;
  };
  // gRPC and the AWS SDK take longer to load than many commands run.
  const stores = () => import('./stores.ts');
  const client: Connection['client'] = async (Constructor, service) => {
    const { createClient } = await import('../../services/kernel/rpc/client.ts');
    return keep(createClient(Constructor, addresses[service], { token: config.token, tlsCa: config.tlsCa }));
  };
  return {
    client,
    async jobs(at = 'analysis') {
      const { createJobCalls } = await import('./job-calls.ts');
      const { JobServiceClient } = await import('../../gen/cyclorama/job/v1/job_service.ts');
      return createJobCalls(await client(JobServiceClient, at));
    },
    async store() {
      const named = (await stores()).openStore(config, env, stack);
      keep(named.store);
      return named;
    },
    localStore: async () => keep((await stores()).openLocalStore(config, stack, addresses, options.data)),
    close() {
      for (const one of opened) one.close();
    },
  };
}
