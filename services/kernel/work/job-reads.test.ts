import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { shareReads } from './job-reads.ts';

let asked: string[] = [];
let fail = false;
const jobs = {
  read: async (jobId: string) => {
    asked.push(jobId);
    if (fail) throw new Error('no answer');
    return Job.fromPartial({ jobId, traceId: String(asked.length) });
  },
};

describe('shared reads of a job', () => {
  beforeEach(() => {
    asked = [];
    fail = false;
    vi.useFakeTimers({ toFake: ['performance'] });
    return () => vi.useRealTimers();
  });

  test('ask once for all tasks that want to know within the time', async () => {
    const { read } = shareReads(jobs, 1_000);
    const answers = await Promise.all([read('a'), read('a'), read('b')]);
    vi.advanceTimersByTime(999);
    answers.push(await read('a'));
    expect(asked).toEqual(['a', 'b']);
    expect(answers.map((job) => job?.traceId)).toEqual(['1', '1', '2', '1']);
  });

  test('ask again when the answer is too old', async () => {
    const { read } = shareReads(jobs, 1_000);
    await read('a');
    vi.advanceTimersByTime(1_000);
    expect((await read('a'))?.traceId).toBe('2');
  });

  test('pass a failure on to those who waited for it, and to nobody later', async () => {
    const { read } = shareReads(jobs, 1_000);
    fail = true;
    await expect(Promise.all([read('a'), read('a')])).rejects.toThrow('no answer');
    fail = false;
    expect((await read('a'))?.traceId).toBe('2');
  });
});
