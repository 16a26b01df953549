import packageFile from '../../package.json' with { type: 'json' };
import { analysisOperation } from '../analysis/tasks.ts';
import { runProcess } from '../kernel/service/run-process.ts';
import { createWorker } from '../kernel/work/worker.ts';
import { renderingOperation } from '../rendering/tasks.ts';

// A pilot that is started with this option ends by itself after a minute without tasks.
if (process.argv.includes('--exit-when-idle')) process.env.CYCLORAMA_EXIT_WHEN_IDLE_MS ??= '60000';

await runProcess('worker', { grpcPort: 0, httpPort: 9110 }, (platform) =>
  createWorker(platform, [analysisOperation, renderingOperation], packageFile.version),
);
