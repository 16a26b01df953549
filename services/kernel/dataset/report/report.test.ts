import { expect, test } from 'vitest';
import { Job } from '../../../../gen/cyclorama/job/v1/job.ts';
import { createSummary } from '../index/summary.ts';
import { printReport } from './report.ts';

const START = new Date('2026-01-01T00:00:00Z');

function report(total: bigint, reused: bigint): string {
  const counts = { total, reused };
  const job = Job.fromPartial({ jobId: 'j', operation: 'note', outputUri: 's3://b/o/', counts, startTime: START });
  return printReport({
    job,
    approach: 'Noted.',
    recipe: 1,
    version: '1',
    summary: createSummary(),
    counts: { reused: 0, read: 0, unreadable: [] },
    columns: 22,
    leftOut: 0,
    hasSheet: false,
    time: new Date(START.getTime() + 30_000),
  });
}

test.each([
  [0n, 0n, 'The last job (`j`) took 0 assets.'],
  [1n, 1n, 'The last job (`j`) took 1 asset, done before.'],
  [1n, 0n, 'The last job (`j`) took 1 asset; it did 1 in 30 s: 2.0 a minute.'],
  [
    1500n,
    1000n,
    'The last job (`j`) took 1,500 assets, 1,000 of them done before; it did 500 in 30 s: 1,000 a minute.',
  ],
])('a report on %i assets of which %i were done before says so', (total, reused, sentence) => {
  expect(report(total, reused).split('\n')).toContain(sentence);
});
