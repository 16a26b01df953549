import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CPU, isGpu } from '../device.ts';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import type { BlenderPool } from './pool.ts';

/** Values of CYCLORAMA_DEVICE. */
export type DeviceMode = 'auto' | 'cpu' | 'gpu';

/** The first self-test on a GPU compiles its kernels, which takes minutes; the cache keeps them. */
const GPU_WARM_UP_MS = 1_200_000;

/** Returns whether this machine has the driver of a GPU, even if Cycles cannot use it. */
function seesGpu(): boolean {
  return readdirSync('/dev').some((name) => /^nvidia\d+$/.test(name));
}

/** With these variables, a process sees no GPU. */
export const NO_GPU = { CUDA_VISIBLE_DEVICES: '' };

/** Returns the folder that keeps compiled GPU kernels between processes; undefined if none are compiled. */
export function kernelCacheDir(mode: DeviceMode, configured: string | undefined): string | undefined {
  if (mode === 'cpu' || !seesGpu()) return undefined;
  return configured ?? join(homedir(), '.cache', 'cyclorama', 'kernels');
}

/**
 * Runs Blender's self-test, which on a GPU compiles the kernels, and returns the device that Cycles computes on.
 * Without a GPU, `gpu` throws `gpu_unavailable`, and `auto` warns if the machine has a driver.
 */
export async function findDevice(
  pool: Pick<BlenderPool, 'withBlender'>,
  mode: DeviceMode,
  log: Pick<Log, 'info' | 'warn'>,
  signal: AbortSignal,
): Promise<string> {
  if (mode === 'cpu') return CPU;
  const answer = await pool.withBlender(signal, (lease) =>
    lease.run(
      { traceId: '', op: { $case: 'selftest', value: {} } },
      { signal, deadlineMs: GPU_WARM_UP_MS, stallMs: GPU_WARM_UP_MS },
    ),
  );
  const gpus = answer.result?.$case === 'selftest' ? answer.result.value.gpuDevices : [];
  const [device = CPU] = gpus;
  if (isGpu(device)) log.info({ device, seconds: answer.stageSeconds }, 'Blender renders on the GPU');
  else if (mode === 'gpu')
    throw new CycloramaError('gpu_unavailable', 'CYCLORAMA_DEVICE=gpu, and Cycles finds no GPU on this machine');
  else if (seesGpu())
    log.warn('this machine has a GPU that Cycles cannot use: rendering on the CPU, many times slower');
  return device;
}
