import type { AnalysisServiceClient } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import type { RenderingServiceClient } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import { readConfig } from '../../services/kernel/process/config.ts';
import type { ClientSecurity } from '../../services/kernel/rpc/client.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { readStack } from '../stack/endpoints.ts';
import type { ServiceName } from '../stack/services.ts';
import { type Addresses, resolveAddresses } from './addresses.ts';
import type { JobCalls } from './job-calls.ts';
import type { NamedStore } from './stores.ts';

/** What a command reaches: services and store, loaded and opened when first asked for. */
export interface Connection {
  readonly addresses: Addresses;
  readonly security: ClientSecurity;
  discovery(): Promise<DiscoveryServiceClient>;
  analysis(): Promise<AnalysisServiceClient>;
  rendering(): Promise<RenderingServiceClient>;
  /** The job service at a server that is called anyhow; any of them answers for any job. */
  jobs(at?: ServiceName): Promise<JobCalls>;
  store(): Promise<NamedStore>;
  /** The running local stack's store, whatever the environment names: local files go through it. */
  localStore(): Promise<ObjectStore>;
  close(): void;
}

/** What the command line says about servers. */
export interface ConnectionOptions {
  endpoint?: string[];
  data?: string;
}

type Environment = Record<string, string | undefined>;

/** Prepares the way to the servers that options, environment or local stack name. */
export function connect(options: ConnectionOptions, env: Environment): Connection {
  const config = readConfig(env, { grpcPort: 0, httpPort: 0 });
  const stack = readStack(options.data);
  const addresses = resolveAddresses({ endpoints: options.endpoint ?? [], env, stack });
  const security: ClientSecurity = { token: config.token, tlsCa: config.tlsCa };
  const opened: { close(): void }[] = [];
  const keep = <Closable extends { close(): void }>(closable: Closable): Closable => {
    opened.push(closable);
    return closable;
  };
  // gRPC and the AWS SDK take longer to load than many a command runs.
  const clients = () => import('./service-clients.ts');
  const stores = () => import('./stores.ts');
  return {
    addresses,
    security,
    discovery: async () => keep((await clients()).openDiscovery(addresses, security)),
    analysis: async () => keep((await clients()).openAnalysis(addresses, security)),
    rendering: async () => keep((await clients()).openRendering(addresses, security)),
    async jobs(at = 'analysis') {
      const { createJobCalls } = await import('./job-calls.ts');
      return createJobCalls(keep((await clients()).openJobs(addresses, at, security)));
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
