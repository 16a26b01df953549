import { expect, test } from 'vitest';
import { parseStoredJob, printStoredJob } from './stored-job.ts';

test.each([
  ['nothing', '{}', /holds no job/],
  ['a job without an id', '{"job": {"operation": "analysis"}}', /holds no job/],
  ['no JSON', '{"job": {', /JSON/],
])('%s is no stored job', (_, text, message) => {
  expect(() => parseStoredJob(text)).toThrow(message);
});

test('a stored job has counts and a source, also where its writer left them out', () => {
  const { job } = parseStoredJob('{"job": {"jobId": "a"}}');
  expect(job).toMatchObject({ jobId: 'a', counts: { total: 0n, succeeded: 0n }, source: { source: undefined } });
});

test('a stored job is the same after it was written and read', () => {
  const text = '{"job": {"jobId": "a", "counts": {"total": "7"}, "source": {"list": {"uris": ["s3://b/a.glb"]}}}}';
  const stored = parseStoredJob(text);
  expect(parseStoredJob(printStoredJob(stored))).toEqual(stored);
  expect(stored.job.source.source).toEqual({ $case: 'list', value: { uris: ['s3://b/a.glb'] } });
});
