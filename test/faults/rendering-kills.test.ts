import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { JobState, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { descendants, sendSignal } from '../../services/kernel/blender/tree.ts';
import { isRunning } from '../support/blender/blender.ts';
import { until } from '../support/poll.ts';
import { paneGlb } from '../support/programs/pane.ts';
import { filesBelow } from '../support/stacks/faults-leftovers.ts';
import { RenderingStack, sample } from '../support/stacks/rendering.ts';

const JOB_MS = 100_000;
/** Large enough that what follows the render can be caught at work. */
const LARGE = RenderSpec.fromPartial({ width: 1000, samples: 1, denoising: 1 });
const ENDLESS = RenderSpec.fromPartial({ width: 2048, samples: 4096, denoising: 1 });

let stack: RenderingStack;

beforeAll(async () => {
  stack = await RenderingStack.create();
  stack.faults.fill('assets', { 'pane.glb': paneGlb(), 'chair.glb': sample('chair.glb') });
  stack.faults.fill('outputs', { keep: Buffer.from('') });
});
afterAll(() => stack?.close());

/** The worker's process of a room: `scene` with Blender, `imaging` beside it. */
async function processOf(room: 'scene' | 'imaging'): Promise<number> {
  const family = await descendants(stack.faults.stack.pid('worker')!);
  const found = family.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--room\0${room}`));
  expect(found.length).toBeGreaterThan(0);
  return found.at(-1)!;
}

/** Waits until the imaging process has a rendering in hand. */
async function untilDerived(): Promise<void> {
  const rendering = join(stack.faults.stack.dir.scratch, 'worker');
  const isInHand = (): boolean =>
    filesBelow(rendering).some((file) => /imaging\/slot-0\/in\/view_000\.exr$/.test(file));
  await until('the imaging process has a rendering', isInHand, 60_000);
}

async function onlyResult(jobId: string): Promise<TaskResult> {
  const job = await stack.faults.ended(jobId, JOB_MS);
  expect(job).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, counts: { total: 1n } });
  return (await stack.faults.results(jobId))[0]!;
}

test('an imaging process that is killed in mid-work is charged, and the asset is rendered again', async () => {
  const { jobId } = await stack.renderAll('s3://assets/pane', 's3://outputs/imaging/', { spec: LARGE });
  await untilDerived();
  sendSignal(await processOf('imaging'), 'SIGKILL');
  expect(await onlyResult(jobId)).toMatchObject({ outcome: Outcome.OUTCOME_SUCCEEDED, attempt: 2 });
  await stack.faults.untilQuiet();
});

test('a worker that is killed between render and upload leaves no process, and its successor renders the asset', async () => {
  const { jobId } = await stack.renderAll('s3://assets/pane', 's3://outputs/worker/', { spec: LARGE });
  await untilDerived();
  const left = [await processOf('scene'), await processOf('imaging')];
  await stack.faults.stack.kill('worker', 'SIGKILL');
  await until('Blender and the imaging process are gone', () => left.every((pid) => !isRunning(pid)));
  expect(existsSync(join(stack.faults.bucket('outputs'), 'worker/pane'))).toBe(false);
  await stack.faults.restart('worker');
  expect(await onlyResult(jobId)).toMatchObject({ outcome: Outcome.OUTCOME_SUCCEEDED });
  await stack.faults.untilQuiet();
});

test('cancelling a job in mid-render ends Blender, empties scratch and leaves the worker ready', async () => {
  const job = await stack.renderAll('s3://assets/chair', 's3://outputs/cancelled/', { spec: ENDLESS });
  const blender = await processOf('scene');
  await stack.faults.workerHolding(sample('chair.glb'));
  await stack.faults.jobs.cancel(job.jobId, AbortSignal.timeout(10_000));
  await until('Blender is gone', () => !isRunning(blender));
  await stack.faults.untilQuiet();
  expect(filesBelow(join(stack.faults.bucket('outputs'), 'cancelled/chair'))).toEqual([]);
  expect((await stack.render('s3://assets/pane.glb', 's3://outputs/after/')).report).toMatchObject({ views: 1 });
});
