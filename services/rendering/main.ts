import { createOperationKernel } from '../kernel/service/kernel.ts';
import { runProcess } from '../kernel/service/run-process.ts';
import { renderingService } from './handlers.ts';
import { renderingOperation } from './tasks.ts';

await runProcess('rendering', { grpcPort: 50053, httpPort: 9103 }, async (platform) => {
  const kernel = await createOperationKernel(platform, renderingOperation);
  return kernel.toProcess(renderingService(kernel));
});
