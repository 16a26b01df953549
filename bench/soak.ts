import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Job, JobState } from '../gen/cyclorama/job/v1/job.ts';
import { RenderSpec } from '../gen/cyclorama/rendering/v1/spec.ts';
import { findProblems } from '../test/support/assets/rendered-check.ts';
import { tasksInScratch } from '../test/support/stacks/faults-leftovers.ts';
import { RenderingStack } from '../test/support/stacks/rendering.ts';
import { describeMachine } from './machine.ts';
import { makeSoakAssets } from './soak/assets.ts';
import { describeGrowth, measureGrowth, windowTable } from './soak/verdict.ts';
import { toWindows, watchWorker } from './soak/watch.ts';

// npm run bench:soak -- [--assets 300] [--size 128] [--samples 4] [--minutes 60]
const { values } = parseArgs({
  options: {
    assets: { type: 'string', default: '300' },
    size: { type: 'string', default: '128' },
    samples: { type: 'string', default: '4' },
    minutes: { type: 'string', default: '60' },
  },
});
const [count, size, samples, minutes] = [values.assets, values.size, values.samples, values.minutes].map(Number) as [
  number,
  number,
  number,
  number,
];
const WINDOW = 25;
const MOST_SHOWN = 40;
const ROOT = 's3://images/run/';
const ENVIRONMENT = {
  // No process is replaced by age, since growth would not show then.
  CYCLORAMA_BLENDER_ASSETS: '100000',
  CYCLORAMA_BLENDER_MEMORY_BYTES: String(2 * 2 ** 30),
  CYCLORAMA_TASK_TIMEOUT_MS: '20000',
};

console.log(`${describeMachine()}\n`);
const stack = await RenderingStack.create({}, ENVIRONMENT);
const problems: string[] = [];
try {
  problems.push(...(await soak(stack)));
} finally {
  // This throws if a process or a file in scratch is left.
  await stack.close();
}
console.log(
  problems.length === 0
    ? '- verdict: as expected'
    : `- verdict: NOT as expected\n${problems.slice(0, MOST_SHOWN).join('\n')}`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Renders the assets in one job while it watches the worker; returns what is wrong. */
async function soak(running: RenderingStack): Promise<string[]> {
  const { faults } = running;
  const { contents, expected } = makeSoakAssets(count);
  for (const [key, content] of contents) faults.fill('soak', { [key]: content });
  mkdirSync(faults.bucket('images'));
  const ended = new AbortController();
  const watching = watchWorker(
    {
      workerPid: faults.stack.pid('worker')!,
      scratch: faults.stack.dir.scratch,
      countDone: () => faults.records('images/run').length,
    },
    ended.signal,
  );
  const start = performance.now();
  const job = await render(running).finally(() => ended.abort());
  const seconds = (performance.now() - start) / 1000;
  const looks = await watching;
  await faults.untilQuiet();

  const growth = measureGrowth(looks);
  const { succeeded, failed } = job.counts!;
  const counted = `${succeeded} succeeded, ${failed} failed in ${seconds.toFixed(0)} s`;
  const rate = `${(count / seconds).toFixed(2)} assets/s`;
  const lines = [
    windowTable(toWindows(looks, WINDOW)),
    '',
    `- ${count} assets, ${size} x ${size}, ${samples} samples, one slot: ${counted}, ${rate}`,
    `- Blender was replaced: ${await readRestarts(faults.stack.endpoints.http.worker!)}`,
    `- left in scratch: ${tasksInScratch(faults.stack.dir.scratch).length} files`,
    ...growth.map((one) => `- ${describeGrowth(one)}`),
  ];
  console.log(lines.join('\n'));
  return [
    ...(job.state === JobState.JOB_STATE_SUCCEEDED ? [] : [`the job ended in state ${job.state}`]),
    ...findProblems(`${faults.bucket('images')}/run`, ROOT, await faults.results(job.jobId), expected),
    ...growth.filter(({ isFlat }) => !isFlat).map(({ what }) => `memory of ${what} grows`),
  ];
}

async function render(running: RenderingStack): Promise<Job> {
  const prefix = { prefixUri: 's3://soak/', suffixes: ['.glb', '.blend'], limit: 0n };
  const { jobId } = await running.renderAll('s3://soak/', ROOT, {
    source: { source: { $case: 'prefix', value: prefix } },
    spec: RenderSpec.fromPartial({ width: size, height: size, samples }),
  });
  return running.faults.ended(jobId, minutes * 60_000);
}

/** Reads how often Blender was replaced, by reason. */
async function readRestarts(worker: string): Promise<string> {
  const text = await (await fetch(`${worker}/metrics`)).text();
  const found = text.matchAll(/^cyclorama_blender_restarts_total\{reason="(\w+)"\} (\d+)$/gm);
  return [...found].map(([, reason, times]) => `${reason} ${times}`).join(', ') || 'never';
}
