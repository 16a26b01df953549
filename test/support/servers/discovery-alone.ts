import { createDiscoveryService } from '../../../services/discovery/handlers.ts';
import { runProcess } from '../../../services/kernel/service/run-process.ts';
import { createObjectStore } from '../../../services/kernel/store/object-store.ts';

// This is the discovery service without jobs, so that tests of the life and the memory of a process need no NATS.
await runProcess('discovery', { grpcPort: 0, httpPort: 0 }, ({ config, metrics }) => {
  const store = createObjectStore(config, metrics);
  return { services: [createDiscoveryService({ store, metrics })], close: () => store.close() };
});
