import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Inspection } from '../../gen/cyclorama/blender/v1/blender.ts';
import { readTools } from '../../scripts/tools.mjs';
import { BlenderPool } from '../../services/kernel/blender/pool.ts';
import { createLauncher } from '../../services/kernel/blender/sandbox.ts';

const RUNTIME = fileURLToPath(new URL('../../blender-runtime', import.meta.url));
const MEMORY_BYTES = 8 * 2 ** 30;

/** The counts that both ways must agree on. */
export interface Counts {
  vertices: number;
  faces: number;
}

/** One warm Blender, as the worker has it. */
export interface WarmPool {
  inspect(path: string): Promise<Counts>;
  /** Returns the processes of the pool: more than one if Blender runs in a sandbox. */
  pids(): number[];
  /** Returns how often a process was replaced. */
  restarts(): number;
  close(): Promise<void>;
}

/** Opens a pool of one slot that replaces its process after `maxAssets` assets. */
export async function openWarmPool(maxAssets: number): Promise<WarmPool> {
  const scratchDir = await mkdtemp(join(tmpdir(), 'cyclorama-bench-'));
  const program = { python: readTools().python, runtimeDir: RUNTIME, threads: 2 };
  const launcher = await createLauncher('auto', { ...program, deviceEnvironment: {}, kernelCacheDir: undefined });
  const { signal } = new AbortController();
  let restarts = 0;
  const pool = new BlenderPool({
    launch: launcher.launch,
    scratchDir,
    slots: 1,
    process: { readyTimeoutMs: 60_000, memoryBytes: MEMORY_BYTES },
    recycle: { maxAssets, softMemoryBytes: MEMORY_BYTES },
    onRestart: () => restarts++,
    onBusy: () => {},
  });
  await pool.start(signal);
  return {
    inspect: (path) =>
      pool.withBlender(signal, async (lease) => {
        const inputPath = join(lease.inputDir, basename(path));
        await copyFile(path, inputPath);
        const op = { $case: 'inspect' as const, value: {} };
        const limits = { signal, deadlineMs: 120_000, stallMs: 120_000 };
        const { result } = await lease.run({ inputPath, traceId: 'bench', op }, limits);
        const { vertices, faces } = (result as { value: Inspection }).value;
        return { vertices: Number(vertices), faces: Number(faces) };
      }),
    pids: () => pool.pids,
    restarts: () => restarts,
    async close() {
      await pool.close();
      await rm(scratchDir, { recursive: true, force: true });
    },
  };
}
