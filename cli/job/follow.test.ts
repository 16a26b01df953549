import { describe, expect, it } from 'vitest';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { change, fakeJobCalls, page } from '../../test/support/memory/fake-job-calls.ts';
import { followJob } from './follow.ts';

const RUNNING = JobState.JOB_STATE_RUNNING;
const SUCCEEDED = JobState.JOB_STATE_SUCCEEDED;
const gone = new CycloramaError('service_unavailable', 'no answer');

async function follow(
  calls: ReturnType<typeof fakeJobCalls>,
  options: { patienceMs?: number; signal?: AbortSignal } = {},
) {
  const seen: string[] = [];
  const troubles: string[] = [];
  const job = await followJob(
    calls,
    'j',
    { onResult: ({ taskId }) => seen.push(taskId), onTrouble: ({ reason }) => troubles.push(reason) },
    options.signal ?? new AbortController().signal,
    options.patienceMs,
  );
  return { job, seen, troubles };
}

describe('following a job', () => {
  it('reads every page to the last, empty ones between included', async () => {
    const calls = fakeJobCalls({
      watches: [[change(RUNNING, 1n), change(SUCCEEDED, 2n)]],
      pages: [page(['a'], '1'), page([], '2'), page(['b', 'c'], '3'), page([], '')],
    });
    const { job, seen } = await follow(calls);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(job.state).toBe(SUCCEEDED);
    expect(calls.pageRequests.map(({ pageToken }) => pageToken)).toEqual(['', '1', '2', '3']);
  });

  it('takes up watch and pages where they broke off when a server restarts', async () => {
    const calls = fakeJobCalls({
      watches: [[change(RUNNING, 7n), gone], [gone], [change(SUCCEEDED, 9n)]],
      pages: [page(['a'], '1'), gone, page(['b'], '')],
    });
    const { seen, troubles } = await follow(calls);
    expect(seen).toEqual(['a', 'b']);
    expect(calls.watchRequests.map(({ afterRevision }) => afterRevision)).toEqual([0n, 7n, 7n]);
    expect(calls.pageRequests.map(({ pageToken }) => pageToken)).toEqual(['', '1', '1']);
    expect(troubles).toEqual(['service_unavailable', 'service_unavailable']);
  });

  it('opens the watch again when its stream ends or its deadline passes before the job ended', async () => {
    const late = new CycloramaError('deadline_exceeded', 'not done in time');
    const calls = fakeJobCalls({
      watches: [[change(RUNNING, 1n)], [late], [change(SUCCEEDED, 2n)]],
      pages: [page([], '')],
    });
    expect((await follow(calls)).job.revision).toBe(2n);
  });

  it('ends when its own deadline passes, though the servers answer no more', async () => {
    const late = new CycloramaError('deadline_exceeded', 'not done in time');
    const calls = fakeJobCalls({ watches: Array.from({ length: 50 }, () => [late]), pages: [page([], '1')] });
    await expect(follow(calls, { signal: AbortSignal.abort(late) })).rejects.toThrow('not done in time');
  });

  it('gives up when no server comes back', async () => {
    const calls = fakeJobCalls({ watches: [[gone], [gone], [gone], [gone]], pages: [gone, gone, gone, gone] });
    await expect(follow(calls, { patienceMs: 500 })).rejects.toThrow('no answer');
  });

  it('gives up at once on an error that waiting does not mend', async () => {
    const lost = new CycloramaError('job_not_found', 'no such job');
    const calls = fakeJobCalls({ watches: [[lost]], pages: [] });
    await expect(follow(calls)).rejects.toThrow('no such job');
    expect(calls.watchRequests).toHaveLength(1);
  });

  it('ends at once when its signal aborts', async () => {
    const calls = fakeJobCalls({ watches: [], pages: [] });
    await expect(follow(calls, { signal: AbortSignal.timeout(20) })).rejects.toThrow();
  });
});
