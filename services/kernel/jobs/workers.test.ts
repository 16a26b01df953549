import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { WorkerBeat } from '../../../gen/cyclorama/job/v1/task.ts';
import { MemoryBucket } from '../../../test/support/memory/bucket.ts';
import { until } from '../../../test/support/poll.ts';
import { CPU } from '../device.ts';
import { beatWhileAlive, countSlots, createWorkers, lackOfWorkers, requireLiveGpu } from './workers.ts';

const H100 = 'OPTIX: NVIDIA H100';
const QUIET = pino({ level: 'silent' });

async function withBeats(...beats: Partial<WorkerBeat>[]): Promise<MemoryBucket> {
  const bucket = new MemoryBucket();
  for (const [n, beat] of beats.entries()) {
    const message = { ...WorkerBeat.fromPartial({ workerId: `w${n}`, slots: 1 }), operations: ['analysis'], ...beat };
    await bucket.put(message.workerId, JSON.stringify(WorkerBeat.toJSON(message)));
  }
  return bucket;
}

test('the live workers of an operation are those that take its tasks', async () => {
  const bucket = await withBeats(
    { workerId: 'both', operations: ['analysis', 'rendering'], slots: 4 },
    { workerId: 'other', operations: ['rendering'] },
    { workerId: 'plain', slots: 2 },
  );
  const workers = createWorkers({ bucket: () => bucket });
  const live = await workers.live('analysis');
  expect(live.map(({ workerId }) => workerId)).toEqual(['both', 'plain']);
  expect(countSlots(live, { requireGpu: false })).toBe(6);
  expect(await workers.live('animation')).toEqual([]);
});

test('a beat that cannot be read hides no other', async () => {
  const bucket = await withBeats({ workerId: 'well' });
  for (const [n, value] of ['garbage', 'null', '[]', ''].entries()) await bucket.put(`odd${n}`, value);
  const live = await createWorkers({ bucket: () => bucket }).live('analysis');
  expect(live.map(({ workerId }) => workerId)).toEqual(['well']);
});

test.each([
  [[], false, "no live worker takes tasks of 'analysis'"],
  [[CPU], false, undefined],
  [[], true, "require_gpu: no live worker that takes tasks of 'analysis' has a GPU"],
  [[CPU, CPU], true, "require_gpu: no live worker that takes tasks of 'analysis' has a GPU"],
  [[CPU, 'OPTIX: NVIDIA H100'], true, undefined],
])('of workers on %j a job with require_gpu %j lacks: %s', (devices, requireGpu, lack) => {
  const live = devices.map((device) => WorkerBeat.fromPartial({ device, slots: 3 }));
  expect(lackOfWorkers(live, { operation: 'analysis', requireGpu })).toBe(lack);
  expect(countSlots(live, { requireGpu }) > 0).toBe(lack === undefined);
});

test('many questions at once are one to the bus, and an answer is not older than two seconds', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const bucket = await withBeats({});
    const asked = vi.spyOn(bucket, 'all');
    const workers = createWorkers({ bucket: () => bucket });
    await Promise.all(Array.from({ length: 50 }, () => workers.live('analysis')));
    expect(asked).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(2_100);
    await bucket.remove('w0');
    expect(await workers.live('analysis')).toEqual([]);
    expect(asked).toHaveBeenCalledTimes(2);
  } finally {
    vi.useRealTimers();
  }
});

test('a question that failed is asked again', async () => {
  const bucket = await withBeats({});
  vi.spyOn(bucket, 'all').mockRejectedValueOnce(new Error('NATS does not answer'));
  const workers = createWorkers({ bucket: () => bucket });
  await expect(workers.live('analysis')).rejects.toThrow('NATS does not answer');
  expect(await workers.live('analysis')).toHaveLength(1);
});

test('a worker shows itself while it lives, and takes its sign down at its end', async () => {
  const bucket = new MemoryBucket();
  const ending = new AbortController();
  const beat = { workerId: 'me', operations: ['analysis'], slots: 3, device: 'CPU' };
  const beating = beatWhileAlive({ bucket: () => bucket }, beat, QUIET, ending.signal);
  await until('the beat is there', async () => (await bucket.all()).length === 1);
  expect(await createWorkers({ bucket: () => bucket }).live('analysis')).toMatchObject([beat]);
  ending.abort();
  await beating;
  expect(await bucket.all()).toEqual([]);
});

test('what needs a GPU is refused where every live worker is on its CPU, and may wait where none lives yet', async () => {
  const live = (...devices: string[]) => ({
    live: async () => devices.map((device) => WorkerBeat.fromPartial({ device })),
  });
  await expect(requireLiveGpu(live(), 'rendering')).resolves.toBeUndefined();
  await expect(requireLiveGpu(live(CPU, CPU), 'rendering')).rejects.toThrow(/no live worker .* has a GPU/);
  await expect(requireLiveGpu(live(CPU, H100), 'rendering')).resolves.toBeUndefined();
});
