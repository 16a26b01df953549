import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AttemptParts } from './attempt.ts';
import { pickDeviceEnvironment } from './blender-launch.ts';
import { BlenderPool } from './blender-pool.ts';
import type { RecycleReason } from './blender-recycle.ts';
import { openBus } from './bus.ts';
import { CPU, findDevice, kernelCacheDir, NO_GPU } from './device.ts';
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
/** What tasks need whose operation does not say. */
const USUAL = { scratchBytes: 0, timeFactor: 1 };

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
  const program = {
    python: settings.python,
    runtimeDir: RUNTIME_DIR,
    threads: Math.max(1, Math.floor(settings.threads / settings.slots)),
    deviceEnvironment: { ...pickDeviceEnvironment(process.env), ...(settings.device === 'cpu' ? NO_GPU : {}) },
    kernelCacheDir: kernelCacheDir(settings.device, settings.kernelCacheDir),
  };
  const launcher = await createLauncher(settings.sandbox, program);
  if (launcher.reason !== '') log.warn({ reason: launcher.reason }, 'Blender runs without a sandbox');
  let device = CPU;
  const poolSettings = {
    slots: settings.slots,
    process: {
      readyTimeoutMs: BLENDER_READY_MS,
      memoryBytes: settings.blenderMemoryBytes,
      onLogLine: (line: string) => log.debug({ blender: line }, 'Blender'),
    },
    recycle: { maxAssets: settings.blenderAssets, softMemoryBytes: settings.blenderMemoryBytes * SOFT_MEMORY_SHARE },
    onRestart: (reason: RecycleReason) => metrics.blenderRestarts.inc({ reason }),
  };
  const pool = new BlenderPool({
    ...poolSettings,
    scratchDir: scratch.root,
    launch: launcher.launch,
    onBusy: (seconds) => metrics.blenderBusySeconds.inc({ device }, seconds),
  });
  const imaging = operations.some(({ imagingOp }) => imagingOp) ? await createImaging() : undefined;
  const ending = new AbortController();
  await Promise.all([pool.start(ending.signal), imaging?.start(ending.signal)]);
  device = await findDevice(pool, settings.device, log, ending.signal);

  /** Beside each Blender a process that makes images of what it wrote, while Blender has the next asset. */
  async function createImaging(): Promise<BlenderPool> {
    const { launch } = await createLauncher(settings.sandbox, {
      ...program,
      room: 'imaging',
      deviceEnvironment: { ...program.deviceEnvironment, ...NO_GPU },
      kernelCacheDir: undefined,
    });
    return new BlenderPool({ ...poolSettings, scratchDir: join(scratch.root, 'imaging'), launch, onBusy: () => {} });
  }

  const maxAssetBytes = Math.min(settings.maxAssetBytes, settings.scratchBytes);
  const decoders = createRoom(settings.slots);
  const workers = createWorkers(bus);
  const byName = new Map(operations.map((operation) => [operation.name, operation]));
  const withAttempt: Parameters<typeof runDelivery>[0]['withAttempt'] = (task, begin, signal, work) => {
    const operation = byName.get(task.operation)!;
    const { scratchBytes, timeFactor } = (task.closing ? undefined : operation.workload?.(task)) ?? USUAL;
    const bytes = Number(task.asset?.sizeBytes ?? 0n) + scratchBytes;
    return scratch.withFolder(task.taskId.slice(0, 8), bytes, signal, (folder) => {
      const extraInputs = operation.extraInputs?.(task) ?? [];
      const stageSeconds: AttemptParts['stageSeconds'] = {};
      const timed = stageTimer(stageSeconds);
      return work({
        bus,
        store,
        pool,
        ...(imaging ? { imaging } : {}),
        operation,
        task,
        attempt: begin.attempt,
        fresh: begin.verdict === 'start' && begin.fresh,
        workerId: settings.id,
        sandbox: launcher.sandbox,
        device,
        version,
        limits: { deadlineMs: settings.taskTimeoutMs * timeFactor, stallMs: settings.stallTimeoutMs },
        folder,
        prepare: (inner) => prepareAsset({ store, maxAssetBytes, decoders, extraInputs, timed }, task, folder, inner),
        timed,
        stageSeconds,
      }).finally(() => {
        // At the end, so that the stages that Blender timed itself are among them.
        for (const [stage, seconds] of Object.entries(stageSeconds)) {
          metrics.taskStageSeconds.observe({ queue: task.operation, stage }, seconds);
        }
      });
    });
  };
  const jobs = createJobs(bus, store);
  const loop = {
    operations: byName,
    jobs: shareReads(jobs, JOB_FRESH_MS),
    readJobNow: jobs.read,
    ledger: createLedger(bus, settings.id),
    othersLive: async (operation: string) =>
      (await workers.live(operation)).some(({ workerId }) => workerId !== settings.id),
    metrics,
    hasGpu: device !== CPU,
    ackWaitMs: config.nats.ackWaitMs,
    withAttempt,
    log,
  };
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const beat = { workerId: settings.id, operations: [...byName.keys()], slots: settings.slots, device };
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
      await Promise.all([pool.close(), imaging?.close()]);
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
