import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDevice, kernelCacheDir, NO_GPU } from '../blender/find-device.ts';
import { pickDeviceEnvironment } from '../blender/launch.ts';
import { BlenderPool } from '../blender/pool.ts';
import { createLauncher } from '../blender/sandbox.ts';
import { CPU } from '../device.ts';
import type { Platform } from '../service/run-process.ts';
import type { Operation } from './operation.ts';

const RUNTIME_DIR = fileURLToPath(new URL('../../../blender-runtime', import.meta.url));
const BLENDER_READY_MS = 120_000;
/** A healthy Blender that uses more than this share of its memory limit is replaced before the next asset. */
const SOFT_MEMORY_SHARE = 0.5;
/**
 * Threads that a Blender gets at least. With one, Cycles keeps a second busy with waiting: two such Blenders were 1.7
 * times as slow as two with two threads each.
 */
const LEAST_THREADS = 2;

/** The warm processes of a worker, and the device that they compute on. */
export interface WorkerBlenders {
  pool: BlenderPool;
  /**
   * Processes that make images of Blender's output while Blender has the next asset, one a slot; absent if no operation
   * has an imaging step.
   */
  imaging: BlenderPool | undefined;
  /** The device that Blender computes on, such as `OPTIX: NVIDIA H100` or `CPU`. */
  device: string;
  sandbox: string;
  close(): Promise<void>;
}

/** Starts a worker's processes and finds their device. Their files lie in `folder`. */
export async function startBlenders(
  { config: { worker: settings }, log, metrics }: Platform,
  operations: readonly Operation[],
  folder: string,
  signal: AbortSignal,
): Promise<WorkerBlenders> {
  const program = {
    python: settings.python,
    runtimeDir: RUNTIME_DIR,
    threads: Math.max(LEAST_THREADS, Math.floor(settings.threads / settings.slots)),
    deviceEnvironment: { ...pickDeviceEnvironment(process.env), ...(settings.device === 'cpu' ? NO_GPU : {}) },
    kernelCacheDir: kernelCacheDir(settings.device, settings.kernelCacheDir),
  };
  let device = CPU;
  const startPool = async (
    own: Partial<Parameters<typeof createLauncher>[1]>,
    scratchDir: string,
    onBusy: (seconds: number) => void,
  ) => {
    const { launch, reason, sandbox } = await createLauncher(settings.sandbox, { ...program, ...own });
    const pool = new BlenderPool({
      slots: settings.slots,
      process: {
        readyTimeoutMs: BLENDER_READY_MS,
        memoryBytes: settings.blenderMemoryBytes,
        onLogLine: (line) => log.debug({ blender: line }, 'Blender'),
      },
      recycle: { maxAssets: settings.blenderAssets, softMemoryBytes: settings.blenderMemoryBytes * SOFT_MEMORY_SHARE },
      onRestart: (reason) => metrics.blenderRestarts.inc({ reason }),
      scratchDir,
      launch,
      onBusy,
    });
    await pool.start(signal);
    return { pool, reason, sandbox };
  };
  const withoutGpu = { deviceEnvironment: { ...program.deviceEnvironment, ...NO_GPU }, kernelCacheDir: undefined };
  const [scene, imaging] = await Promise.all([
    startPool({}, folder, (seconds) => metrics.blenderBusySeconds.inc({ device }, seconds)),
    operations.some(({ imagingOp }) => imagingOp)
      ? startPool({ room: 'imaging', ...withoutGpu }, join(folder, 'imaging'), () => {})
      : undefined,
  ]);
  const { pool, reason, sandbox } = scene;
  if (reason !== '') log.warn({ reason }, 'Blender runs without a sandbox');
  device = await findDevice(pool, settings.device, log, signal);
  return {
    pool,
    imaging: imaging?.pool,
    device,
    sandbox,
    async close() {
      await Promise.all([pool.close(), imaging?.pool.close()]);
    },
  };
}
