import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileHeader } from '../../gen/cyclorama/asset/v1/stats.ts';
import { BlenderResult } from '../../gen/cyclorama/blender/v1/blender.ts';
import { openBus } from '../../services/kernel/bus/bus.ts';
import type { Delivery } from '../../services/kernel/bus/types.ts';
import { createJobs } from '../../services/kernel/jobs/jobs.ts';
import { beatWhileAlive } from '../../services/kernel/jobs/workers.ts';
import { createLog } from '../../services/kernel/process/log.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import type { AttemptParts } from '../../services/kernel/work/attempt.ts';
import { shareReads } from '../../services/kernel/work/job-reads.ts';
import { createLedger } from '../../services/kernel/work/ledger.ts';
import { takeTasks } from '../../services/kernel/work/take.ts';
import { runDelivery, type TaskLoopParts } from '../../services/kernel/work/task-loop.ts';
import { runPart } from './process-part.ts';
import { noOperation, stamp } from './setting.ts';
import { benchConfig, openStore } from './stores.ts';

const WORKER_ID = 'bench-worker';

/** The prepared asset of a task that has none. */
const NOTHING = {
  path: '',
  downloadedBytes: 0,
  warnings: [],
  header: FileHeader.create(),
  sha256: '',
  dependencies: [],
};

/** A Blender that is done at once. */
const pool: AttemptParts['pool'] = {
  withBlender: (_signal, work) =>
    work({
      inputDir: tmpdir(),
      outputDir: join(tmpdir(), 'cyclorama-bench-empty'),
      blenderVersion: 'none',
      retire: () => {},
      run: async () => BlenderResult.fromPartial({}),
    }),
};

// This is the worker's side, wired as in services/kernel/work/worker.ts, but without Blender and without assets.
await runPart(async (settings) => {
  const log = createLog('bench-worker', process.env.CYCLORAMA_LOG_LEVEL ?? 'warn');
  const [committed, acked] = [new Float64Array(settings.tasks), new Float64Array(settings.tasks)];
  const config = benchConfig(settings);
  const store = openStore(settings);
  const bus = await openBus(config.nats, { name: 'bench worker', queues: [noOperation.name] }, log);
  // All tasks share one folder: without assets only the job's closing task has files.
  const path = await mkdtemp(join(tmpdir(), 'cyclorama-bench-'));
  const nothing = async (): Promise<void> => {};
  const moves = { handInput: async () => '', collectOutput: nothing, handOutput: nothing, empty: nothing };
  const folder = { input: path, output: path, ...moves, isFull: async () => false };
  const ending = new AbortController();
  const withAttempt: TaskLoopParts['withAttempt'] = (task, decision, _signal, work) =>
    work({
      bus,
      store: stampCommit(store, committed, task.asset!.uri),
      pool,
      operation: noOperation,
      task,
      attempt: decision.attempt,
      fresh: false,
      workerId: WORKER_ID,
      sandbox: 'off',
      device: 'CPU',
      version: 'bench',
      limits: { deadlineMs: 60_000, stallMs: 60_000 },
      folder,
      prepare: async () => NOTHING,
      timed: (_stage, stage) => stage(),
      stageSeconds: {},
    });
  const loop: TaskLoopParts = {
    operations: new Map([[noOperation.name, noOperation]]),
    jobs: shareReads(createJobs(bus, store), 1_000),
    readJobNow: createJobs(bus, store).read,
    inHand: new Set(),
    ledger: createLedger(bus, WORKER_ID),
    othersLive: async () => false,
    metrics: createMetrics('bench'),
    ackWaitMs: config.nats.ackWaitMs,
    withAttempt,
    log,
  };
  const running = Promise.all([
    takeTasks(
      {
        bus,
        queues: [noOperation.name],
        hasGpu: false,
        capacity: settings.slots * (1 + config.worker.tasksAhead),
        run: (delivery) => runDelivery(loop, stampAck(delivery, acked), ending.signal),
        log,
      },
      ending.signal,
    ),
    beatWhileAlive(
      bus,
      { workerId: WORKER_ID, operations: [noOperation.name], slots: settings.slots, device: 'CPU' },
      log,
      ending.signal,
    ),
  ]);

  return {
    async close() {
      ending.abort();
      await running;
      await rm(path, { recursive: true });
      await bus.close();
      store.close();
      return { committed, acked };
    },
  };
});

function stampCommit(store: ObjectStore, committed: Float64Array, uri: string): ObjectStore {
  return {
    ...store,
    async write(...args) {
      const written = await store.write(...args);
      stamp(committed, uri);
      return written;
    },
  };
}

function stampAck(delivery: Delivery, acked: Float64Array): Delivery {
  return {
    ...delivery,
    async ack() {
      await delivery.ack();
      stamp(acked, delivery.payload);
    },
  };
}
