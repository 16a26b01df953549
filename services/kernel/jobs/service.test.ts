import { expect, onTestFinished, test } from 'vitest';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Job, JobState, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobServiceClient, ListTaskResultsRequest } from '../../../gen/cyclorama/job/v1/job_service.ts';
import { TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { TestRpc } from '../../../test/support/servers/rpc.ts';
import { resultSubject } from '../bus/topics.ts';
import { callUnary } from '../rpc/client.ts';
import { createJobs } from './jobs.ts';
import { publishResult } from './results.ts';
import { jobService } from './service.ts';

const JOB_ID = 'a'.repeat(32);

/** Lists the results of an ended job, page by page; `kept` are there of those that its counts tell. */
async function listResults(
  kept: number,
  counted: bigint,
  { pageSize = 2, bytesEach = 0, logTail = [] as string[], outcomes = [] as Outcome[] } = {},
): Promise<string[][]> {
  const bus = new MemoryBus();
  const store = new MemoryStore();
  const state = JobState.JOB_STATE_SUCCEEDED;
  const job = Job.fromPartial({ jobId: JOB_ID, state, counts: { succeeded: counted } });
  for (let n = 0; n < kept; n += 1) {
    const outcome = Outcome.OUTCOME_SUCCEEDED;
    const detail = bytesEach === 0 ? {} : { text: 'x'.repeat(bytesEach) };
    const failure = { reason: 'import_failed', message: 'no' };
    const recordUri = logTail.length === 0 ? '' : `s3://out/${n}.json`;
    const result = TaskResult.fromPartial({ jobId: JOB_ID, taskId: `${n}`, outcome, detail, recordUri, failure });
    await publishResult(bus, result);
    const record = TaskRecord.fromPartial({ result: { ...result, failure: { ...failure, logTail } } });
    const body = Buffer.from(JSON.stringify(TaskRecord.toJSON(record)));
    if (recordUri !== '') store.objects.set(`out/${n}.json`, { body, etag: 'e' });
  }
  // What nobody can read hides nothing.
  for (const [n, text] of ['garbage', 'null', '{}'].entries())
    await bus.publish(resultSubject(JOB_ID, `odd${n}`), text);
  const jobs = { ...createJobs(bus, store), get: async () => job };
  const rpc = await TestRpc.create([jobService({ jobs, bus, store })]);
  onTestFinished(() => rpc.close());
  const client = rpc.client(JobServiceClient);
  const pages: string[][] = [];
  for (let pageToken = ''; pages.length === 0 || pageToken !== ''; ) {
    const request = {
      ...ListTaskResultsRequest.fromPartial({
        jobId: JOB_ID,
        pageSize,
        outcomes,
        includeLog: logTail.length > 0,
      }),
      pageToken,
    };
    const page = await callUnary(client, client.listTaskResults, request, { deadlineMs: Date.now() + 10_000 });
    pages.push(page.results.map(({ taskId }) => taskId));
    pageToken = page.nextPageToken;
  }
  return pages;
}

test('the results of an ended job come in pages until all that it counted were there', async () => {
  expect((await listResults(3, 3n)).flat()).toEqual(['0', '1', '2']);
});

test('a page of large results ends before it is too large for a message', async () => {
  const pages = await listResults(7, 7n, { pageSize: 500, bytesEach: 900_000 });
  expect(pages.filter((page) => page.length > 0)).toEqual([['0', '1', '2'], ['3', '4', '5'], ['6']]);
});

test('logs that only records have count as bytes of a page', async () => {
  const logTail = Array.from({ length: 100 }, () => '\u7269'.repeat(500));
  const pages = await listResults(50, 50n, { pageSize: 500, logTail });
  expect(pages.flat()).toEqual(Array.from({ length: 50 }, (_, n) => `${n}`));
  expect(Math.max(...pages.map((page) => page.length))).toBeLessThan(25);
});

test('results of other outcomes do not fill a page', async () => {
  const pages = await listResults(7, 7n, { pageSize: 500, bytesEach: 900_000, outcomes: [Outcome.OUTCOME_FAILED] });
  expect(pages.flat()).toEqual([]);
});

test.each([0, 2, 3])('a list that ends after %i of four results says that the others are gone', async (kept) => {
  await expect(listResults(kept, 4n)).rejects.toMatchObject({ reason: 'results_gone' });
});
