import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobEntry } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBus } from '../../../test/support/memory/bus.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { createJobs } from '../jobs/jobs.ts';
import { parseDriveOrder } from './messages.ts';

test('an id that is too long for a key of the bus is none', () => {
  expect(() => parseDriveOrder(JSON.stringify({ jobId: 'a'.repeat(129) }))).toThrow(
    /^jobId is 'a{100}'; expected at most 128/,
  );
  expect(parseDriveOrder(JSON.stringify({ jobId: 'a'.repeat(128) })).jobId).toHaveLength(128);
});

test('an entry of the jobs that cannot be read hides no other', async () => {
  const bus = new MemoryBus();
  const whole = JSON.stringify(JobEntry.toJSON(JobEntry.fromPartial({ job: Job.fromPartial({ jobId: 'whole' }) })));
  for (const [n, value] of ['garbage', 'null', '{}', '{"job":{"state":"NOPE"}}', whole].entries())
    await bus.bucket('jobs').put(`entry${n}`, value);
  const logged: object[] = [];
  const log = pino({}, { write: (line) => void logged.push(JSON.parse(line)) });
  const jobs = await createJobs(bus, new MemoryStore(), log).all();
  expect(jobs.map(({ jobId }) => jobId)).toEqual(['whole']);
  expect(logged).toMatchObject([
    { message: 'entry0' },
    { message: 'entry1' },
    { message: 'entry2', error: expect.stringContaining('no job') },
    { message: 'entry3', error: expect.stringContaining('NOPE') },
  ]);
});
