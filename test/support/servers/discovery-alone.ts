import { createDiscoveryService } from '../../../services/discovery/handlers.ts';
import { runProcess } from '../../../services/kernel/service/run-process.ts';
import { createObjectStore } from '../../../services/kernel/store/object-store.ts';

// The discovery service without jobs, so that tests of a process's life and memory need no NATS.
await runProcess('discovery', { grpcPort: 0, httpPort: 0 }, ({ config, metrics }) => {
  const store = createObjectStore(config, metrics);
  return { services: [createDiscoveryService({ store, metrics })], close: () => store.close() };
});
