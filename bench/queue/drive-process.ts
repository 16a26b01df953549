import { JobClass } from '../../gen/cyclorama/job/v1/job.ts';
import { openBus } from '../../services/kernel/bus/bus.ts';
import type { Bus } from '../../services/kernel/bus/types.ts';
import { runDriver } from '../../services/kernel/drive/driver.ts';
import { createJobs } from '../../services/kernel/jobs/jobs.ts';
import { isEnded } from '../../services/kernel/jobs/state.ts';
import { createWorkers } from '../../services/kernel/jobs/workers.ts';
import { createLog } from '../../services/kernel/process/log.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { runPart } from './process-part.ts';
import { BUCKET, noOperation, now, type Stamps, stamp, syntheticScan } from './setting.ts';
import { benchConfig, openStore } from './stores.ts';

const STALL_MS = 120_000;

// This is the service's side, wired as in services/kernel/service/kernel.ts: it creates a job and drives it to its end.
await runPart(async (settings) => {
  const log = createLog('bench-driver', process.env.CYCLORAMA_LOG_LEVEL ?? 'warn');
  const enqueued = new Float64Array(settings.tasks);
  const store = openStore(settings);
  const bus = stampPublishes(
    await openBus(benchConfig(settings).nats, { name: 'bench driver', queues: [noOperation.name] }, log),
    enqueued,
  );
  const jobs = createJobs(bus, store);
  const workers = createWorkers(bus);
  const ending = new AbortController();
  const driving = runDriver(
    {
      operation: noOperation.name,
      recipe: noOperation.recipe,
      bus,
      jobs,
      store,
      metrics: createMetrics('bench'),
      log,
      source: { scan: syntheticScan(settings.tasks), store, bus, readJob: jobs.read },
      driverId: 'bench-driver',
      liveWorkers: () => workers.live(noOperation.name),
      stallMs: STALL_MS,
      ackWaitMs: benchConfig(settings).nats.ackWaitMs,
    },
    ending.signal,
  );

  return {
    async run(): Promise<Stamps & { startMs: number; endMs: number }> {
      const startMs = now();
      const prefix = { prefixUri: `s3://${BUCKET}/assets/`, suffixes: ['.glb'], limit: 0n };
      const job = await jobs.create({
        operation: noOperation.name,
        source: { source: { $case: 'prefix', value: prefix } },
        spec: {},
        outputUri: settings.outputUri,
        outputsBesideAssets: false,
        jobClass: JobClass.JOB_CLASS_BATCH,
        requestId: '',
        replace: false,
        retryOf: '',
        traceId: 'bench',
      });
      let last = job;
      for await (last of jobs.watch(job.jobId, ending.signal)) if (isEnded(last.state)) break;
      const endMs = now();
      const { succeeded, failed } = last.counts!;
      if (succeeded !== BigInt(settings.tasks))
        throw new Error(`${succeeded} tasks succeeded and ${failed} failed; expected ${settings.tasks} to succeed`);
      return { enqueued, startMs, endMs };
    },
    async close() {
      ending.abort();
      await driving;
      await bus.close();
      store.close();
      return {};
    },
  };
});

/** Notes when each task is handed to the bus. */
function stampPublishes(bus: Bus, enqueued: Float64Array): Bus {
  return {
    ...bus,
    publish(subject, payload, id) {
      if (subject.startsWith('tasks.')) stamp(enqueued, payload);
      return bus.publish(subject, payload, id);
    },
  };
}
