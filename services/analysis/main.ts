import { createOperationKernel } from '../kernel/service/kernel.ts';
import { runProcess } from '../kernel/service/run-process.ts';
import { analysisService } from './handlers.ts';
import { analysisOperation } from './tasks.ts';

await runProcess('analysis', { grpcPort: 50052, httpPort: 9102 }, async (platform) => {
  const kernel = await createOperationKernel(platform, analysisOperation);
  return kernel.toProcess(analysisService(kernel));
});
