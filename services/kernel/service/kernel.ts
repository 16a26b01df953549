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
  /** Makes the process that serves the service's own RPCs and those of jobs. */
  toProcess(own: RpcService): ProcessParts;
}

/** The parts of a service that has an operation: it makes jobs of it, and drives them. */
export interface OperationKernel extends ServiceKernel {
  runInteractive: RunInteractive;
  /** Throws `gpu_unavailable` if live workers take the operation's tasks and none of them has a GPU. */
  requireGpu: () => Promise<void>;
  /** Returns the plan of a job of the service's operation without starting it. */
  dryRun: (draft: JobDraft, signal: AbortSignal) => Promise<JobPlan>;
}

/** Opens store, bus and jobs for a service; `queues` are those of its operation. */
export async function createServiceKernel(
  { config, log, metrics }: Platform,
  name: string,
  queues: string[] = [],
): Promise<ServiceKernel> {
  if (!config.allowedBuckets) log.warn('CYCLORAMA_ALLOWED_BUCKETS is not set: every bucket may be read and written');
  const store = createObjectStore(config, metrics);
  const bus = await openBus(config.nats, { name: `service ${name}`, queues }, log);
  const jobs = createJobs(bus, store, log);
  const own = jobService({ jobs, bus, store });
  return {
    store,
    bus,
    jobs,
    toProcess: (service) => ({
      services: [service, own],
      ready: async () => ((await bus.ping()) ? [] : ['NATS does not answer']),
      drain: async () => bus.endSoon(),
      done: bus.broken,
      close: async () => {
        await bus.close();
        store.close();
      },
    }),
  };
}

/** Opens the kernel of a service with an operation, and a client of the discovery service, which lists its sources. */
export async function createOperationKernel(
  platform: Platform,
  { name, recipe }: Pick<DescribedOperation, 'name' | 'recipe'>,
): Promise<OperationKernel> {
  const { config, log, metrics } = platform;
  const kernel = await createServiceKernel(platform, name, [name]);
  const { store, bus, jobs } = kernel;
  const workers = createWorkers(bus, log);
  const { token, tlsCa } = config;
  const discovery = createClient(DiscoveryServiceClient, config.discoveryAddress, { token, tlsCa });
  const scan = withPassingBreaks((request, traceId, signal) =>
    callStream(discovery, discovery.scanAssets, request, {
      signal,
      traceId,
      deadlineMs: Date.now() + SCAN_DEADLINE_MS,
    }),
  );
  const source: SourceParts = { scan, store, bus, readJob: jobs.read };

  return {
    ...kernel,
    runInteractive: createInteractive({ bus, jobs, store, workers }),
    requireGpu: () => requireLiveGpu(workers, name),
    dryRun: (draft, signal) => dryRun({ store, source, recipe }, draft, signal),
    toProcess(service) {
      const ending = new AbortController();
      const driving = runDriver(
        {
          operation: name,
          recipe,
          bus,
          jobs,
          store,
          metrics,
          log,
          source,
          driverId: `${config.processId}-${name}`,
          liveWorkers: () => workers.live(name),
          stallMs: STALL_MS,
          ackWaitMs: config.nats.ackWaitMs,
        },
        ending.signal,
      );
      const served = kernel.toProcess(service);
      return {
        ...served,
        drain: async (graceMs) => {
          await served.drain?.(graceMs);
          ending.abort();
          await driving;
        },
        close: async () => {
          discovery.close();
          await served.close?.();
        },
      };
    },
  };
}
