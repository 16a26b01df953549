import { createServiceKernel } from '../kernel/service/kernel.ts';
import { runProcess } from '../kernel/service/run-process.ts';
import { createDiscoveryService } from './handlers.ts';

await runProcess('discovery', { grpcPort: 50051, httpPort: 9101 }, async (platform) => {
  const kernel = await createServiceKernel(platform, 'discovery');
  return kernel.toProcess(createDiscoveryService({ store: kernel.store, metrics: platform.metrics }));
});
