import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { Task, WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { jobDraft, listSource } from '../../../test/support/memory/job-draft.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { until } from '../../../test/support/poll.ts';
import { STREAMS, taskSubject } from '../bus/topics.ts';
import { createJobs, type Jobs } from '../jobs/jobs.ts';
import { CLOSING, publishResult } from '../jobs/results.ts';
import { driveJob } from './drive.ts';

const ASSET_URI = 's3://bucket/models/a.glb';

/** A job over one asset, whose driver, bus and saves a test watches. */
class OneAsset {
  readonly bus = new WatchedBus();
  readonly jobs: Jobs;
  /** Number of saves so far. */
  saves = 0;

  constructor() {
    const jobs = createJobs(this.bus, new MemoryStore());
    const change: Jobs['change'] = (...request) => {
      this.saves += 1;
      return jobs.change(...request);
    };
    this.jobs = { ...jobs, change };
  }

  create(outputUri = ''): Promise<Job> {
    return this.jobs.create(jobDraft(listSource(ASSET_URI), outputUri));
  }

  async drive({ jobId }: Job, stallMs = 60_000): Promise<{ jobId: string; job: Promise<Job> }> {
    const store = new MemoryStore();
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const job = driveJob(
      {
        bus: this.bus,
        jobs: this.jobs,
        store,
        source: { scan: async function* () {}, store, bus: this.bus, readJob: this.jobs.read },
        recipe: 1,
        driverId: 'driver',
        liveWorkers: async () => [WorkerBeat.fromPartial({ slots: 1 })],
        stallMs,
        log: pino({ level: 'silent' }),
      },
      jobId,
      ending.signal,
    );
    job.catch(() => {});
    await until('its task is queued', () => this.tasks(jobId).length === 1);
    return { jobId, job };
  }

  tasks(jobId: string): Task[] {
    return this.bus.payloads(taskSubject('analysis', '*', jobId)).map((text) => Task.fromJSON(JSON.parse(text)));
  }

  async answer(jobId: string, taskId: string, outcome: Outcome = Outcome.OUTCOME_SUCCEEDED): Promise<void> {
    const asset = { uri: ASSET_URI };
    await publishResult(this.bus, TaskResult.fromPartial({ jobId, taskId, asset, outcome }));
  }
}

class WatchedBus extends MemoryBus {
  /** Subjects and payloads in the order in which they were published, duplicates included. */
  readonly published: { subject: string; payload: string }[] = [];
  onPublish: (payload: string) => Promise<void> = async () => {};
  onCount: () => Promise<void> = async () => {};

  override async publish(...message: Parameters<MemoryBus['publish']>) {
    const [subject, payload] = message;
    this.published.push({ subject, payload });
    await this.onPublish(payload);
    return super.publish(...message);
  }

  override async count(...query: Parameters<MemoryBus['count']>): Promise<number> {
    await this.onCount();
    return super.count(...query);
  }
}

test('a last result that comes while the queue of a stalled job is counted begins no new round', async () => {
  const one = new OneAsset();
  const { jobId, job } = await one.drive(await one.create(), 300);
  const [task] = one.tasks(jobId);
  await one.bus.purge(STREAMS.tasks, taskSubject('analysis', '*', jobId));
  one.bus.onCount = async () => {
    one.bus.onCount = async () => {};
    await one.answer(jobId, task!.taskId);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
  };
  expect(await job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { succeeded: 1n } });
  expect(await one.jobs.change(jobId, (entry) => entry)).toMatchObject({ generation: 1, planned: true });
  expect(one.tasks(jobId)).toEqual([]);
});

test('a dataset is closed once, however long it takes, after the counts of all assets were saved', async () => {
  const one = new OneAsset();
  const { jobId, job } = await one.drive(await one.create('s3://out/run/'));
  let savedBefore: bigint | undefined;
  one.bus.onPublish = async (payload) => {
    if (Task.fromJSON(JSON.parse(payload)).taskId !== CLOSING) return;
    savedBefore ??= (await one.jobs.get(jobId)).counts?.succeeded;
  };
  await one.answer(jobId, one.tasks(jobId)[0]!.taskId);
  const isClosing = ({ taskId }: Task): boolean => taskId === CLOSING;
  await until('the closing task is queued', () => one.tasks(jobId).some(isClosing));
  const { saves } = one;
  await until('it takes several saves', () => one.saves > saves + 2);
  await one.answer(jobId, CLOSING);
  expect(await job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED });
  expect(savedBefore).toBe(1n);
  const queued = one.bus.published.filter(({ subject }) => subject.startsWith('tasks.'));
  expect(queued.filter(({ payload }) => isClosing(Task.fromJSON(JSON.parse(payload))))).toHaveLength(1);
});

test('a retry of a retry names outputs as the first job did, also when NATS has forgotten it', async () => {
  const one = new OneAsset();
  const fail = async (created: Job): Promise<Task> => {
    const { jobId, job } = await one.drive(created);
    const [task] = one.tasks(jobId);
    await one.answer(jobId, task!.taskId, Outcome.OUTCOME_FAILED);
    await job;
    return task!;
  };
  const first = await one.create();
  const { assetName, keepExtension } = await fail(first);
  const second = await one.jobs.retry(first.jobId, '', 'trace');
  await fail(second);
  const third = await one.jobs.retry(second.jobId, '', 'trace');
  await one.jobs.forget(first.jobId);
  expect(await fail(third)).toMatchObject({ assetName, keepExtension });
  expect({ assetName, keepExtension }).toEqual({ assetName: 'models/a.glb', keepExtension: false });
});
