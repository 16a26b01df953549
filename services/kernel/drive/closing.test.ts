import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Job, JobClass, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { StreamMessage } from '../bus/types.ts';
import { type ClosingParts, haveClosed, needsClosing } from './closing.ts';

const JOB = Job.fromPartial({
  jobId: 'job',
  operation: 'note',
  outputUri: 's3://bucket/out/',
  jobClass: JobClass.JOB_CLASS_BATCH,
  counts: { total: 10n },
});
const DONE = TaskResult.fromPartial({ taskId: 'closing', outcome: Outcome.OUTCOME_SUCCEEDED, warnings: ['odd'] });
const NEVER = new AbortController().signal;

/** A bus on which a worker answers the closing task that is queued for the `answered`th time; earlier ones get lost. */
function busOf(answered: number, result: TaskResult, standing = false) {
  const queued: { subject: string; task: Task; id: string | undefined }[] = [];
  const bus: ClosingParts['bus'] = {
    publish: async (subject, payload, id) => {
      queued.push({ subject, task: Task.fromJSON(JSON.parse(payload)), id });
      return 'stored';
    },
    count: async () => 0,
    reader: (_stream, subject) => ({
      next: async (): Promise<StreamMessage[]> => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        const there = standing || queued.length >= answered;
        return there ? [{ sequence: 1n, subject, payload: JSON.stringify(TaskResult.toJSON(result)) }] : [];
      },
      close: async () => {},
    }),
  };
  return { queued, parts: { bus, stallMs: 20, log: pino({ enabled: false }) } };
}

test('a closing task is a task like all others, with the index in the place of the asset', async () => {
  const { queued, parts } = busOf(1, DONE);
  expect(await haveClosed(parts, JOB, NEVER)).toEqual(['odd']);
  expect(queued).toMatchObject([
    {
      subject: 'tasks.note.batch.job',
      id: 'job.closing.0',
      task: { taskId: 'closing', closing: true, operation: 'note', asset: { uri: 's3://bucket/out/index.jsonl' } },
    },
  ]);
});

test('one that was done before, under another driver, is not queued again', async () => {
  const { queued, parts } = busOf(1, DONE, true);
  expect(await haveClosed(parts, JOB, NEVER)).toEqual(['odd']);
  expect(queued).toEqual([]);
});

test('one that is lost is queued again under another id', async () => {
  const { queued, parts } = busOf(3, DONE);
  await haveClosed(parts, JOB, NEVER);
  expect(queued.map(({ id }) => id)).toEqual(['job.closing.0', 'job.closing.1', 'job.closing.2']);
});

test('one that fails for good is a warning of the job', async () => {
  const failure = { reason: 'access_denied', message: 'not here' };
  const { parts } = busOf(1, TaskResult.fromPartial({ outcome: Outcome.OUTCOME_FAILED, failure }));
  expect(await haveClosed(parts, JOB, NEVER)).toEqual(['index and report were not written: access_denied: not here']);
});

test('waiting ends with the driver', async () => {
  const { parts } = busOf(Number.POSITIVE_INFINITY, DONE);
  await expect(haveClosed(parts, JOB, AbortSignal.timeout(50))).rejects.toThrow();
});

test('jobs without a place to write and jobs that somebody waits for have no closing task', () => {
  expect(needsClosing(JOB)).toBe(true);
  expect(needsClosing({ ...JOB, outputUri: '' })).toBe(false);
  expect(needsClosing({ ...JOB, jobClass: JobClass.JOB_CLASS_INTERACTIVE })).toBe(false);
});
