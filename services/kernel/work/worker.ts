import { createBudget } from '../budget.ts';
import { openBus } from '../bus/bus.ts';
import { isGpu } from '../device.ts';
import { CycloramaError } from '../failure.ts';
import { createJobs } from '../jobs/jobs.ts';
import { beatWhileAlive, createWorkers } from '../jobs/workers.ts';
import type { Platform, ProcessParts } from '../service/run-process.ts';
import { createObjectStore } from '../store/object-store.ts';
import type { AttemptParts } from './attempt.ts';
import { startBlenders, type WorkerBlenders } from './blenders.ts';
import { chooseOperations } from './choose-operations.ts';
import { shareReads } from './job-reads.ts';
import { createLedger } from './ledger.ts';
import type { Operation } from './operation.ts';
import { prepareAsset } from './prepare.ts';
import { openScratch, type Scratch } from './scratch.ts';
import { takeTasks } from './take.ts';
import { runDelivery, type TaskLoopParts } from './task-loop.ts';

/** A job that was read within this time counts as current. */
const JOB_FRESH_MS = 1_000;
/** The needs of tasks whose operation states none. */
const USUAL = { scratchBytes: 0, timeFactor: 1 };

/** Builds the worker: warm Blenders that take tasks of the operations, or of those that the settings name. */
export async function createWorker(
  platform: Platform,
  allOperations: readonly Operation[],
  version: string,
): Promise<ProcessParts> {
  const { config, log, metrics } = platform;
  const settings = config.worker;
  const operations = chooseOperations(allOperations, settings.operations);
  const queues = operations.map(({ name }) => name);
  const store = createObjectStore(config, metrics);
  const bus = await openBus(config.nats, { name: `worker ${config.processId}`, queues }, log);
  const scratch = await openScratch(settings.scratchDir, config.processId, settings.scratchBytes);
  const ending = new AbortController();
  const blenders = await startBlenders(platform, operations, scratch.root, ending.signal);
  const byName = new Map(operations.map((operation) => [operation.name, operation]));
  const workers = createWorkers(bus, log);
  const jobs = createJobs(bus, store);
  const loop: TaskLoopParts = {
    operations: byName,
    jobs: shareReads(jobs, JOB_FRESH_MS),
    readJobNow: jobs.read,
    inHand: new Set(),
    ledger: createLedger(bus, config.processId),
    othersLive: async (operation) =>
      (await workers.live(operation)).some(({ workerId }) => workerId !== config.processId),
    metrics,
    ackWaitMs: config.nats.ackWaitMs,
    withAttempt: attemptsIn(platform, scratch, blenders, byName, { bus, store, version }),
    log,
  };
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const beat = { workerId: config.processId, operations: queues, slots: settings.slots, device: blenders.device };
  const running = Promise.all([
    takeTasks(
      {
        bus,
        queues,
        hasGpu: isGpu(blenders.device),
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
      bus.endSoon();
      ending.abort(new CycloramaError('worker_draining', `worker '${config.processId}' is going away`));
      await running;
    },
    close: async () => {
      await blenders.close();
      await scratch.close();
      await bus.close();
      store.close();
    },
    done: Promise.race([done, bus.broken]),
  };
}

/** Gives each attempt its folder in scratch, the warm processes, and a clock for its stages. */
function attemptsIn(
  { config, metrics }: Platform,
  scratch: Scratch,
  { pool, imaging, device, sandbox }: WorkerBlenders,
  operations: ReadonlyMap<string, Operation>,
  { bus, store, version }: Pick<AttemptParts, 'bus' | 'store' | 'version'>,
): TaskLoopParts['withAttempt'] {
  const settings = config.worker;
  const maxAssetBytes = Math.min(settings.maxAssetBytes, settings.scratchBytes);
  const decoders = createBudget(settings.slots);
  return (task, decision, signal, work) => {
    const operation = operations.get(task.operation)!;
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
        attempt: decision.attempt,
        fresh: decision.kind === 'start' && decision.fresh,
        workerId: config.processId,
        sandbox,
        device,
        version,
        limits: { deadlineMs: settings.taskTimeoutMs * timeFactor, stallMs: settings.stallTimeoutMs },
        folder,
        prepare: (inner) => prepareAsset({ store, maxAssetBytes, decoders, extraInputs, timed }, task, folder, inner),
        timed,
        stageSeconds,
      }).finally(() => {
        // Only at the end are the stages complete that Blender times itself.
        for (const [stage, seconds] of Object.entries(stageSeconds)) {
          metrics.taskStageSeconds.observe({ queue: task.operation, stage }, seconds);
        }
      });
    });
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
