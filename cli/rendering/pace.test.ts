import { expect, test } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { Job, JobClass, TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { measureRenderPace } from './pace.ts';
import { parseViews, toRenderSpec } from './spec.ts';

const SIGNAL = new AbortController().signal;

/** Ten assets in 20 seconds. */
function jobOf(jobId: string, spec: object): Job {
  return Job.fromPartial({
    jobId,
    spec,
    jobClass: JobClass.JOB_CLASS_BATCH,
    counts: { total: 10n, succeeded: 10n },
    startTime: new Date(0),
    endTime: new Date(20_000),
  });
}

function callsOf(jobs: Job[], device = 'OPTIX: NVIDIA H100') {
  const result = TaskResult.fromPartial({
    outcome: Outcome.OUTCOME_SUCCEEDED,
    stageSeconds: { wait: 50, import: 1, render: 2, upload: 7 },
    detail: { device },
  });
  return {
    list: async () => ({ jobs, nextPageToken: '' }),
    results: async () => ({ results: [result, { ...result, reused: true, stageSeconds: {} }], nextPageToken: '' }),
  };
}

test('renderings with the same settings tell the pace, others do not disturb', async () => {
  const jobs = [jobOf('other', { width: 2048 }), jobOf('same', { views: { ring: { count: 4 } } })];
  const spec = toRenderSpec({ views: parseViews('ring:4'), seed: 7 });
  expect(await measureRenderPace(callsOf(jobs), spec, SIGNAL)).toEqual({
    rate: { perSecond: 0.5, jobs: 1 },
    alike: true,
    device: 'OPTIX: NVIDIA H100',
    blenderSeconds: 3,
  });
});

test('defaults by name have the same pace as defaults left out', async () => {
  const named = { width: 512, height: 512, preset: 'RENDER_PRESET_STANDARD', samples: 16, denoising: 'DENOISING_FAST' };
  expect(await measureRenderPace(callsOf([jobOf('named', named)]), toRenderSpec({}), SIGNAL)).toMatchObject({
    alike: true,
  });
  expect(await measureRenderPace(callsOf([jobOf('other', { samples: 17 })]), toRenderSpec({}), SIGNAL)).toMatchObject({
    alike: false,
  });
});

test('where there are none, others tell it by the number of views', async () => {
  const spec = toRenderSpec({ views: parseViews('ring:4') });
  expect(await measureRenderPace(callsOf([jobOf('front', {})]), spec, SIGNAL)).toMatchObject({
    rate: { perSecond: 0.125 },
    alike: false,
    blenderSeconds: 12,
  });
});

test('without any rendering there is no pace', async () => {
  expect(await measureRenderPace(callsOf([]), toRenderSpec({}), SIGNAL)).toBeUndefined();
});
