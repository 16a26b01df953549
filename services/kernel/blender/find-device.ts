import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CPU, isGpu } from '../device.ts';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import type { BlenderPool } from './pool.ts';

/** What CYCLORAMA_DEVICE may say. */
export type DeviceMode = 'auto' | 'cpu' | 'gpu';

/** The first self-test on a GPU compiles its kernels, which takes minutes; the cache keeps them. */
const GPU_WARM_UP_MS = 1_200_000;

/** Whether the driver of a GPU is on this machine, whatever Cycles makes of it. */
function seesGpu(): boolean {
  return readdirSync('/dev').some((name) => /^nvidia\d+$/.test(name));
}

/** Variables that keep a process from every GPU. */
export const NO_GPU = { CUDA_VISIBLE_DEVICES: '' };

/** Where compiled GPU kernels stay from process to process; undefined where none are compiled. */
export function kernelCacheDir(mode: DeviceMode, configured: string | undefined): string | undefined {
  if (mode === 'cpu' || !seesGpu()) return undefined;
  return configured ?? join(homedir(), '.cache', 'cyclorama', 'kernels');
}

/**
 * Has Blender prove that it works, which on a GPU compiles what rendering needs, and says what it computes on.
 * `gpu` without one throws `gpu_unavailable`; `auto` without one although there is a driver warns.
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
