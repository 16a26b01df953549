import { expect, test } from 'vitest';
import { Job, JobClass, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { tendOnce } from './tend.ts';

const HOUR_MS = 3_600_000;
const job = (jobId: string, change: Partial<Job> = {}): Job => ({
  ...Job.fromPartial({ jobId, operation: 'note', state: JobState.JOB_STATE_RUNNING }),
  ...change,
});
const ended = (ageMs: number): Partial<Job> => ({
  state: JobState.JOB_STATE_SUCCEEDED,
  endTime: new Date(Date.now() - ageMs),
});

/** What a look at the given jobs does. */
async function tend(all: Job[]): Promise<string[]> {
  const done: string[] = [];
  await tendOnce({
    operation: 'note',
    jobs: {
      all: async () => all,
      order: async ({ jobId }) => void done.push(`order ${jobId}`),
      forget: async (jobId) => void done.push(`forget ${jobId}`),
    },
    bus: { purge: async (_stream, subject) => void done.push(`purge ${subject}`) },
  });
  return done;
}

test('unended jobs of the operation are ordered to be driven, lest their service died before it did', async () => {
  const planning = job('b', { state: JobState.JOB_STATE_PLANNING });
  expect(await tend([job('a'), planning, job('c', { operation: 'other' }), job('d', ended(0))])).toEqual([
    'order a',
    'order b',
  ]);
});

test('the jobs of synchronous calls are forgotten an hour after their end, others are kept', async () => {
  const call = { jobClass: JobClass.JOB_CLASS_INTERACTIVE };
  const all = [
    job('old', { ...call, ...ended(2 * HOUR_MS) }),
    job('young', { ...call, ...ended(HOUR_MS / 2) }),
    job('batch', ended(2 * HOUR_MS)),
  ];
  expect(await tend(all)).toEqual(['purge results.old.*', 'forget old']);
});
