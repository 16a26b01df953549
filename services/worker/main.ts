import packageFile from '../../package.json' with { type: 'json' };
import { analysisOperation } from '../analysis/tasks.ts';
import { runProcess } from '../kernel/service-main.ts';
import { createWorker } from '../kernel/worker.ts';

await runProcess('worker', { grpcPort: 0, httpPort: 9110 }, (platform) =>
  createWorker(platform, [analysisOperation], packageFile.version),
);
