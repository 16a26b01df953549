import { DiscoveryServiceClient } from '../../../gen/cyclorama/discovery/v1/discovery.ts';
import type { JobPlan } from '../../../gen/cyclorama/job/v1/job.ts';
import { openBus } from '../bus/bus.ts';
import type { Bus } from '../bus/types.ts';
import type { DescribedOperation } from '../dataset/described.ts';
import { runDriver } from '../drive/driver.ts';
import { dryRun } from '../drive/dry-run.ts';
import { createInteractive, type RunInteractive } from '../jobs/interactive.ts';
import { createJobs, type JobDraft, type Jobs } from '../jobs/jobs.ts';
import { jobService } from '../jobs/service.ts';
import { createWorkers, requireLiveGpu } from '../jobs/workers.ts';
import { callStream, createClient } from '../rpc/client.ts';
import type { RpcService } from '../rpc/service.ts';
import { withPassingBreaks } from '../sources/scan-breaks.ts';
import type { SourceParts } from '../sources/source.ts';
import { createObjectStore } from '../store/object-store.ts';
import type { ObjectStore } from '../store/types.ts';
import type { Platform, ProcessParts } from './run-process.ts';

/** Time limit for the scan of one window. */
const SCAN_DEADLINE_MS = 3_600_000;
/** A job is planned again if it has had no queued tasks and no results for so long. */
const STALL_MS = 120_000;

/** The parts that every service uses. */
export interface ServiceKernel {
  store: ObjectStore;
  bus: Bus;
  jobs: Jobs;
  runInteractive: RunInteractive;
  /** Throws `gpu_unavailable` if live workers take the operation's tasks and none of them has a GPU. */
  requireGpu: () => Promise<void>;
  /** Returns the plan of a job of the service's operation without starting it. */
  dryRun: (draft: JobDraft, signal: AbortSignal) => Promise<JobPlan>;
  jobService: RpcService;
  /** Makes the process that serves the service's own RPCs, and drives the jobs of its operation, if it has one. */
  toProcess(own: RpcService): ProcessParts;
}

/** Opens store, bus and jobs for a service, and the driver for the jobs of its operation. */
export async function createServiceKernel(
  platform: Platform,
  operation?: Pick<DescribedOperation, 'name' | 'recipe'>,
): Promise<ServiceKernel> {
  const { config, log, metrics } = platform;
  if (!config.allowedBuckets) log.warn('CYCLORAMA_ALLOWED_BUCKETS is not set: every bucket may be read and written');
  const store = createObjectStore(config, metrics);
  const bus = await openBus(
    config.nats,
    { name: `service ${operation?.name ?? 'discovery'}`, queues: operation ? [operation.name] : [] },
    log,
  );
  const jobs = createJobs(bus, store, log);
  const workers = createWorkers(bus, log);
  const discovery = createClient(DiscoveryServiceClient, config.discoveryAddress, {
    token: config.token,
    tlsCa: config.tlsCa,
  });
  const scan = withPassingBreaks((request, traceId, signal) =>
    callStream(discovery, discovery.scanAssets, request, {
      signal,
      traceId,
      deadlineMs: Date.now() + SCAN_DEADLINE_MS,
    }),
  );
  const own = jobService({ jobs, bus, store });
  const source: SourceParts = { scan, store, bus, readJob: jobs.read };

  return {
    store,
    bus,
    jobs,
    runInteractive: createInteractive({ bus, jobs, store, workers }),
    requireGpu: () => requireLiveGpu(workers, operation?.name ?? ''),
    dryRun: (draft, signal) => dryRun({ store, source, recipe: operation?.recipe ?? 0 }, draft, signal),
    jobService: own,
    toProcess(service) {
      const ending = new AbortController();
      const driving =
        operation &&
        runDriver(
          {
            operation: operation.name,
            recipe: operation.recipe,
            bus,
            jobs,
            store,
            metrics,
            log,
            source,
            driverId: `${config.processId}-${operation.name}`,
            liveWorkers: () => workers.live(operation.name),
            stallMs: STALL_MS,
            ackWaitMs: config.nats.ackWaitMs,
          },
          ending.signal,
        );
      return {
        services: [service, own],
        ready: async () => ((await bus.ping()) ? [] : ['NATS does not answer']),
        drain: async () => {
          bus.endSoon();
          ending.abort();
          await driving;
        },
        done: bus.broken,
        close: async () => {
          discovery.close();
          await bus.close();
          store.close();
        },
      };
    },
  };
}
