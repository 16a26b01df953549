import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import { BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import { Job, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { BlenderLease } from '../../../services/kernel/blender/pool.ts';
import type { Delivery } from '../../../services/kernel/bus/types.ts';
import { toAssetId } from '../../../services/kernel/dataset/fingerprint.ts';
import { CycloramaError, type Reason } from '../../../services/kernel/failure.ts';
import { createMetrics } from '../../../services/kernel/process/metrics.ts';
import { parseS3Uri, type S3Place } from '../../../services/kernel/uri.ts';
import type { AttemptParts } from '../../../services/kernel/work/attempt.ts';
import { createLedger } from '../../../services/kernel/work/ledger.ts';
import type { Operation } from '../../../services/kernel/work/operation.ts';
import { openScratch, type Scratch } from '../../../services/kernel/work/scratch.ts';
import { runDelivery, type TaskLoopParts } from '../../../services/kernel/work/task-loop.ts';
import { MemoryBucket } from './bucket.ts';
import { MemoryStore } from './store.ts';

/** URI of the asset of the tasks. */
export const ASSET_URI = 's3://assets/models/chair.glb';

function notePlace({ assetName }: Task): S3Place {
  return { bucket: 'outputs', key: `run/${assetName}.txt` };
}

/** An operation that writes one text file beside the record. */
export const noteOperation: Operation = {
  name: 'note',
  recipe: 1,
  outputPlaces: (task) => [notePlace(task)],
  blenderOp: () => ({ $case: 'inspect', value: {} }),
  toProduct: (task, _result, { warnings }) => ({
    files: [{ place: notePlace(task), content: 'done', contentType: 'text/plain' }],
    detail: { words: 1 },
    report: { text: 'done' },
    warnings,
  }),
  toFailureProduct: (task, { reason }) => ({
    files: [{ place: notePlace(task), content: reason, contentType: 'text/plain' }],
    detail: {},
    report: {},
    warnings: [],
  }),
  approach: 'A note was written.',
  toStats: (report) => report,
};

/** The behaviour of the fake Blender for a task. */
export type Behaviour = BlenderLease['run'];

/** The task loop of one worker with stores in memory and a Blender whose behaviour the test sets. */
export class TaskRuns {
  readonly store = new MemoryStore();
  readonly jobs = new Map<string, Job>([['job-1', jobIn(JobState.JOB_STATE_RUNNING)]]);
  readonly ledger: MemoryBucket;
  readonly published: TaskResult[] = [];
  /** For each run, whether it asked for a fresh Blender. */
  readonly fresh: boolean[] = [];
  readonly metrics = createMetrics('test');
  readonly drain = new AbortController();
  behave: Behaviour = async () => BlenderResult.fromPartial({ stageSeconds: { import: 0.5 } });
  /** Behaviour of the imaging process, for operations that need one. */
  behaveImaging: Behaviour = async () => BlenderResult.fromPartial({ stageSeconds: { derive: 0.25 } });
  operation: Operation = noteOperation;
  othersLive = false;
  diskIsFull = false;
  readonly #inHand = new Set<string>();
  #scratch: Promise<Scratch> | undefined;
  readonly #scratchDir: string;
  readonly #workerId: string;

  private constructor(scratchDir: string, workerId: string, ledger: MemoryBucket) {
    this.#scratchDir = scratchDir;
    this.#workerId = workerId;
    this.ledger = ledger;
    this.store.objects.set('assets/models/chair.glb', { body: Buffer.from('glb'), etag: 'e1' });
  }

  static async create(workerId = 'worker-a', ledger = new MemoryBucket()): Promise<TaskRuns> {
    const scratchDir = await mkdtemp(join(tmpdir(), 'cyclorama-runs-'));
    onTestFinished(() => rm(scratchDir, { recursive: true, force: true }));
    return new TaskRuns(scratchDir, workerId, ledger);
  }

  /** Returns a folder of the fake processes, such as `slot-out`. */
  folder(name: string): string {
    return join(this.#scratchDir, this.#workerId, name);
  }

  /** Runs one delivery to its answer. */
  async run(change: Partial<Task> = {}, delivered = 1): Promise<Answer> {
    const answer: Answer = { acked: false, handedBackMs: undefined };
    const delivery: Delivery = {
      subject: 'tasks.note.batch.job-1',
      payload: JSON.stringify(Task.toJSON({ ...taskOf(), ...change })),
      delivered,
      ack: async () => {
        answer.acked = true;
      },
      handBack: async (delayMs) => {
        answer.handedBackMs = delayMs;
      },
      working: () => {},
    };
    await runDelivery(await this.#loop(), delivery, this.drain.signal);
    return answer;
  }

  async #loop(): Promise<TaskLoopParts> {
    this.#scratch ??= openScratch(this.#scratchDir, this.#workerId, 1000);
    const scratch = await this.#scratch;
    const withAttempt: TaskLoopParts['withAttempt'] = (task, decision, signal, work) =>
      scratch.withFolder('task', 1, signal, async (folder) => {
        const [inputDir, outputDir] = [join(scratch.root, 'slot-in'), join(scratch.root, 'slot-out')];
        await Promise.all([inputDir, outputDir].map((path) => mkdir(path, { recursive: true })));
        const lease = { inputDir, outputDir, blenderVersion: '4.5', retire: () => {}, run: this.behave };
        const pool: AttemptParts['pool'] = {
          withBlender: (_signal, use, options) => {
            this.fresh.push(options?.fresh ?? false);
            return use(lease);
          },
        };
        const imagingDirs = {
          inputDir: join(scratch.root, 'imaging-in'),
          outputDir: join(scratch.root, 'imaging-out'),
        };
        await Promise.all(Object.values(imagingDirs).map((path) => mkdir(path, { recursive: true })));
        const imaging: AttemptParts['pool'] = {
          withBlender: (_signal, use) => use({ ...lease, ...imagingDirs, blenderVersion: '', run: this.behaveImaging }),
        };
        const path = join(folder.input, 'asset.glb');
        const { bucket, key } = parseS3Uri(task.asset!.uri, 'uri');
        return work({
          bus: { publish: async (_subject, payload) => this.#publish(payload) },
          store: this.store,
          pool,
          imaging,
          operation: this.operation,
          task,
          attempt: decision.attempt,
          fresh: decision.kind === 'start' && decision.fresh,
          workerId: this.#workerId,
          sandbox: 'off',
          device: 'CPU',
          version: '0.0.0',
          limits: { deadlineMs: 60_000, stallMs: 60_000 },
          folder: { ...folder, isFull: async () => this.diskIsFull },
          prepare: async () => {
            await this.store.download({ bucket, key }, path, task.asset!.etag === '' ? {} : { etag: task.asset!.etag });
            return {
              path,
              downloadedBytes: 3,
              warnings: [],
              header: FileHeader.create(),
              sha256: '',
              dependencies: [],
            };
          },
          timed: (_stage, timed) => timed(),
          stageSeconds: {},
        });
      });
    return {
      operations: new Map([[this.operation.name, this.operation]]),
      jobs: { read: async (jobId) => this.jobs.get(jobId) },
      readJobNow: async (jobId) => this.jobs.get(jobId),
      inHand: this.#inHand,
      ledger: createLedger({ bucket: () => this.ledger }, this.#workerId),
      othersLive: async () => this.othersLive,
      metrics: this.metrics,
      ackWaitMs: 60_000,
      withAttempt,
      log: pino({ level: 'silent' }),
    };
  }

  #publish(payload: string): 'stored' | 'refused' {
    const result = TaskResult.fromJSON(JSON.parse(payload));
    const taken = this.published.some(({ jobId, taskId }) => jobId === result.jobId && taskId === result.taskId);
    if (!taken) this.published.push(result);
    return taken ? 'refused' : 'stored';
  }
}

/** The answer to a delivery. */
export interface Answer {
  acked: boolean;
  handedBackMs: number | undefined;
}

/** Makes a job in a state. */
export function jobIn(state: JobState): Job {
  return Job.fromPartial({ jobId: 'job-1', operation: 'note', state });
}

/** Makes a task of that job. */
export function taskOf(): Task {
  return Task.fromPartial({
    jobId: 'job-1',
    taskId: toAssetId(ASSET_URI),
    operation: 'note',
    asset: Asset.fromPartial({ uri: ASSET_URI, etag: 'e1', sizeBytes: 3n }),
    assetName: 'chair.glb',
    spec: {},
    fingerprint: 'f'.repeat(32),
    outputUri: 's3://outputs/run/',
    traceId: 'trace',
  });
}

/** The answer to a delivery whose task is done. */
export const DONE = { acked: true, handedBackMs: undefined };

/** Makes the answer to a delivery that goes back to the queue. */
export const backAfter = (handedBackMs: number) => ({ acked: false, handedBackMs });

/** Name of the output of a task. */
export const NOTE = 'outputs/run/chair.glb.txt';

/** A Blender that works until its signal aborts. */
export const endless: Behaviour = (_task, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Lists the names of the written records. */
export function recordsOf({ store }: TaskRuns): string[] {
  return [...store.objects.keys()].filter((name) => name.includes('/records/'));
}

/** Reads the counts of tasks by labels. */
export async function countOf({ metrics }: TaskRuns): Promise<object[]> {
  return (await metrics.tasksTotal.get()).values.map(({ labels, value }) => ({ ...labels, value }));
}

/** Makes a Blender that fails with a reason. */
export const failing =
  (reason: Reason, detail = {}): Behaviour =>
  async () => {
    throw new CycloramaError(reason, `it is ${reason}`, detail);
  };
