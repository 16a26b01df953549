import { pino } from 'pino';
import { expect, test } from 'vitest';
import { BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import { CPU } from '../device.ts';
import { type DeviceMode, findDevice, kernelCacheDir } from './find-device.ts';
import type { BlenderLease, BlenderPool } from './pool.ts';

const NEVER = new AbortController().signal;
const H100 = 'OPTIX: NVIDIA H100';

/** Makes a pool whose Blender finds these GPUs. */
function poolWith(gpuDevices: string[]): Pick<BlenderPool, 'withBlender'> & { asked: number } {
  const result = { $case: 'selftest' as const, value: { blenderVersion: '4.5', gpuDevices } };
  const pool = {
    asked: 0,
    withBlender: <T>(_: AbortSignal, work: (lease: BlenderLease) => Promise<T>): Promise<T> => {
      pool.asked += 1;
      return work({ run: async () => BlenderResult.fromPartial({ result }) } as unknown as BlenderLease);
    },
  };
  return pool;
}

test.each<[DeviceMode, string[], string]>([
  ['auto', [H100, 'OPTIX: NVIDIA A10'], H100],
  ['gpu', [H100], H100],
  ['auto', [], CPU],
  ['cpu', [H100], CPU],
])('with CYCLORAMA_DEVICE=%s and the GPUs %j Blender computes on %s', async (mode, gpus, device) => {
  expect(await findDevice(poolWith(gpus), mode, pino({ level: 'silent' }), NEVER)).toBe(device);
});

test('a worker that wants a GPU does not start without', async () => {
  const found = findDevice(poolWith([]), 'gpu', pino({ level: 'silent' }), NEVER);
  await expect(found).rejects.toMatchObject({ reason: 'gpu_unavailable' });
});

test('a worker that wants none does not look for one, and compiles no kernels', async () => {
  const pool = poolWith([H100]);
  await findDevice(pool, 'cpu', pino({ level: 'silent' }), NEVER);
  expect(pool.asked).toBe(0);
  expect(kernelCacheDir('cpu', '/cache')).toBeUndefined();
});
