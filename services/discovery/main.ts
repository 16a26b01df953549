import { createObjectStore } from '../kernel/object-store.ts';
import { runProcess } from '../kernel/service-main.ts';
import { createDiscoveryService } from './handlers.ts';

await runProcess('discovery', { grpcPort: 50051, httpPort: 9101 }, ({ config, log, metrics }) => {
  if (!config.allowedBuckets) log.warn('CYCLORAMA_ALLOWED_BUCKETS is not set: every bucket may be listed');
  const store = createObjectStore(config, metrics);
  return {
    services: [createDiscoveryService({ store, metrics })],
    close: () => store.close(),
  };
});
