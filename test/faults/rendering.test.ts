import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobState } from '../../gen/cyclorama/job/v1/job.ts';
import { FAULTY, makeFaulty } from '../support/assets/faulty-assets.ts';
import { boxGlb } from '../support/assets/glb.ts';
import { type Expected, findProblems } from '../support/assets/rendered-check.ts';
import { readRecords } from '../support/stacks/faults-check.ts';
import { RenderingStack, SMALL, sample } from '../support/stacks/rendering.ts';

/** So long no good asset here takes, be the machine busy. */
const LONGEST_MS = 10_000;
const MEMORY_BYTES = 1.5 * 2 ** 30;

let stack: RenderingStack;
beforeAll(async () => {
  const environment = {
    // The asset that hangs keeps one Blender to itself.
    CYCLORAMA_SLOTS: '2',
    CYCLORAMA_TASK_TIMEOUT_MS: String(LONGEST_MS),
    CYCLORAMA_BLENDER_MEMORY_BYTES: String(MEMORY_BYTES),
  };
  stack = await RenderingStack.create({}, environment);
});
afterAll(() => stack?.close());

test('assets that make Blender crash, hang, run out of memory or show nothing fail with their reasons, and all others are right', async () => {
  const good = {
    ...Object.fromEntries([1, 2, 3, 4, 5].map((size) => [`box-${size}.glb`, boxGlb({ size: [size, 1, 1] })])),
    ...Object.fromEntries(['brick', 'fox', 'robot'].map((name) => [`${name}.glb`, sample(`${name}.glb`)])),
  };
  const { faults } = stack;
  faults.fill('mixed', { ...good, ...makeFaulty() });
  faults.fill('images', {});
  const { jobId } = await stack.renderAll('s3://mixed/', 's3://images/run/', {
    source: {
      source: { $case: 'prefix', value: { prefixUri: 's3://mixed/', suffixes: ['.glb', '.blend'], limit: 0n } },
    },
    spec: { ...SMALL, width: 64, height: 64 },
  });
  const job = await faults.ended(jobId, 240_000);

  expect(job.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  expect(job.counts).toMatchObject({ total: 12n, succeeded: 8n, failed: 4n });
  const results = await faults.results(jobId);
  const succeed = Object.keys(good).map((key) => [key, undefined] as const);
  const expected: Expected = new Map([...succeed, ...Object.entries(FAULTY)]);
  expect(findProblems(`${faults.bucket('images')}/run`, 's3://images/run/', results, expected)).toEqual([]);

  // The three that end Blender had three attempts each, and the fourth only writes the record, with Blender's last
  // words.
  const records = readRecords(faults, 'images/run');
  const given = records.map(({ result }) => result!).filter(({ failure }) => failure?.reason.startsWith('blender_'));
  expect(given.map(({ attempt, outputs }) => [attempt, outputs.length])).toEqual([0, 1, 2].map(() => [4, 0]));
  for (const { failure } of given) {
    expect(failure!.message).toMatch(/^given up after 3 attempts: Blender /);
    expect(failure!.logTail.join('\n')).toContain('Read blend');
  }
  const crash = given.find(({ failure }) => failure!.reason === 'blender_crash');
  expect(crash!.failure).toMatchObject({ signal: 'SIGSEGV', stage: 'import' });

  // The blank images are kept for a person to look at, both those of the second try and their thumbnail.
  const blank = results.find(({ failure }) => failure?.reason === 'blank_render')!;
  expect(blank.attempt).toBe(1);
  expect(blank.outputs.map(({ uri }) => /_cyclorama\/(\w+)\//.exec(uri)![1])).toEqual([
    ...[1, 2, 3, 4, 5].map(() => 'kept'),
    'thumbnails',
  ]);

  await faults.untilQuiet();
  const charges = await faults.bus.bucket('ledger').all();
  expect(charges.map(({ key }) => key)).toEqual([]);
});
