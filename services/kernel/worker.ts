import { fileURLToPath } from 'node:url';
import type { AttemptParts } from './attempt.ts';
import { pickDeviceEnvironment } from './blender-launch.ts';
import { BlenderPool } from './blender-pool.ts';
import { openBus } from './bus.ts';
import { CycloramaError } from './failure.ts';
import { shareReads } from './job-reads.ts';
import { createJobs } from './jobs.ts';
import { createLedger } from './ledger.ts';
import { createObjectStore } from './object-store.ts';
import type { Operation } from './operation.ts';
import { prepareAsset } from './prepare.ts';
import { createRoom } from './room.ts';
import { createLauncher } from './sandbox.ts';
import { openScratch } from './scratch.ts';
import type { Platform, ProcessParts } from './service-main.ts';
import { takeTasks } from './take.ts';
import { runDelivery } from './task-loop.ts';
import { beatWhileAlive, createWorkers } from './workers.ts';

const RUNTIME_DIR = fileURLToPath(new URL('../../blender-runtime', import.meta.url));
const BLENDER_READY_MS = 120_000;
/** A healthy Blender over this share of its memory limit is replaced before the next asset. */
const SOFT_MEMORY_SHARE = 0.5;
/** How old a worker's knowledge may be that a job goes on. */
const JOB_FRESH_MS = 1_000;
/** While a worker ends, NATS is given so long to come back. */
const DRAIN_REPEAT_MS = 3_000;
const DEVICE = 'CPU';

/** Builds the worker: warm Blenders that take tasks of the given operations from their queues. */
export async function createWorker(
  { config, log, metrics }: Platform,
  operations: readonly Operation[],
  version: string,
): Promise<ProcessParts> {
  const settings = config.worker;
  const store = createObjectStore(config, metrics);
  const bus = await openBus(
    config.nats,
    { name: `worker ${settings.id}`, queues: operations.map(({ name }) => name) },
    log,
  );
  const scratch = await openScratch(settings.scratchDir, settings.id, settings.scratchBytes);
  const launcher = await createLauncher(settings.sandbox, {
    python: settings.python,
    runtimeDir: RUNTIME_DIR,
    threads: Math.max(1, Math.floor(settings.threads / settings.slots)),
    deviceEnvironment: pickDeviceEnvironment(process.env),
    kernelCacheDir: undefined,
  });
  if (launcher.reason !== '') log.warn({ reason: launcher.reason }, 'Blender runs without a sandbox');
  const pool = new BlenderPool({
    scratchDir: scratch.root,
    slots: settings.slots,
    launch: launcher.launch,
    process: {
      readyTimeoutMs: BLENDER_READY_MS,
      memoryBytes: settings.blenderMemoryBytes,
      onLogLine: (line) => log.debug({ blender: line }, 'Blender'),
    },
    recycle: { maxAssets: settings.blenderAssets, softMemoryBytes: settings.blenderMemoryBytes * SOFT_MEMORY_SHARE },
    onRestart: (reason) => metrics.blenderRestarts.inc({ reason }),
    onBusy: (seconds) => metrics.blenderBusySeconds.inc({ device: DEVICE }, seconds),
  });
  const ending = new AbortController();
  await pool.start(ending.signal);

  const maxAssetBytes = Math.min(settings.maxAssetBytes, settings.scratchBytes);
  const decoders = createRoom(settings.slots);
  const workers = createWorkers(bus);
  const byName = new Map(operations.map((operation) => [operation.name, operation]));
  const withAttempt: Parameters<typeof runDelivery>[0]['withAttempt'] = (task, begin, signal, work) =>
    scratch.withFolder(task.taskId.slice(0, 8), Number(task.asset?.sizeBytes ?? 0n), signal, (folder) => {
      const stageSeconds: AttemptParts['stageSeconds'] = {};
      const timed = stageTimer(stageSeconds);
      return work({
        bus,
        store,
        pool,
        operation: byName.get(task.operation)!,
        task,
        attempt: begin.attempt,
        fresh: begin.verdict === 'start' && begin.fresh,
        workerId: settings.id,
        sandbox: launcher.sandbox,
        device: DEVICE,
        version,
        limits: { deadlineMs: settings.taskTimeoutMs, stallMs: settings.stallTimeoutMs },
        folder,
        prepare: (inner) => prepareAsset({ store, maxAssetBytes, decoders, timed }, task, folder, inner),
        timed,
        stageSeconds,
      }).finally(() => {
        // At the end, so that the stages that Blender timed itself are among them.
        for (const [stage, seconds] of Object.entries(stageSeconds)) {
          metrics.taskStageSeconds.observe({ queue: task.operation, stage }, seconds);
        }
      });
    });
  const jobs = createJobs(bus, store);
  const loop = {
    operations: byName,
    jobs: shareReads(jobs, JOB_FRESH_MS),
    readJobNow: jobs.read,
    ledger: createLedger(bus, settings.id),
    othersLive: async (operation: string) =>
      (await workers.live(operation)).some(({ workerId }) => workerId !== settings.id),
    metrics,
    ackWaitMs: config.nats.ackWaitMs,
    withAttempt,
    log,
  };
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const beat = { workerId: settings.id, operations: [...byName.keys()], slots: settings.slots, device: DEVICE };
  const running = Promise.all([
    takeTasks(
      {
        bus,
        queues: [...byName.keys()],
        capacity: settings.slots * (1 + settings.tasksAhead),
        run: (delivery) => runDelivery(loop, delivery, ending.signal),
        idle: settings.exitWhenIdleMs === undefined ? undefined : { afterMs: settings.exitWhenIdleMs, onIdle: finish },
        log,
      },
      ending.signal,
    ),
    beatWhileAlive(bus, beat, log, ending.signal),
  ]);

  return {
    ready: async () => ((await bus.ping()) ? [] : ['NATS does not answer']),
    drain: async () => {
      bus.endWithin(DRAIN_REPEAT_MS);
      ending.abort(new CycloramaError('worker_draining', `worker '${settings.id}' is going away`));
      await running;
    },
    close: async () => {
      await pool.close();
      await scratch.close();
      await bus.close();
      store.close();
    },
    done: Promise.race([done, bus.broken]),
  };
}

function stageTimer(stageSeconds: { [stage: string]: number }): AttemptParts['timed'] {
  return async (stage, work) => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      stageSeconds[stage] = (stageSeconds[stage] ?? 0) + (performance.now() - start) / 1000;
    }
  };
}
