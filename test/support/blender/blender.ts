import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { readTools } from '../../../scripts/tools.mjs';
import type { BlenderLaunch, SlotFolders } from '../../../services/kernel/blender/launch.ts';
import { BlenderPool, type BlenderPoolSettings, type BlenderTask } from '../../../services/kernel/blender/pool.ts';
import type { RecycleReason } from '../../../services/kernel/blender/recycle.ts';
import { createLauncher, type Launcher, type SandboxMode } from '../../../services/kernel/blender/sandbox.ts';

/** A signal that never aborts. */
export const NEVER = new AbortController().signal;

const FAKE = fileURLToPath(new URL('./fake-blender.mjs', import.meta.url));
const RUNTIME = fileURLToPath(new URL('../../../blender-runtime', import.meta.url));

/** Makes a launcher of the real Blender on this machine. */
export function realLauncher(mode: SandboxMode, bubblewrap?: string): Promise<Launcher> {
  const program = { python: readTools().python, runtimeDir: RUNTIME, threads: 2 };
  return createLauncher(mode, { ...program, deviceEnvironment: {}, kernelCacheDir: undefined }, bubblewrap);
}

/** Makes launches of the fake Blender: `ready`, `chatty` (logs its process id), `mute` (is never ready) or `dies`. */
export function fakeLaunch(start: 'ready' | 'chatty' | 'mute' | 'dies' = 'ready') {
  return (folders: SlotFolders): BlenderLaunch => ({
    file: process.execPath,
    args: [FAKE, start],
    env: { PATH: '/usr/bin:/bin' },
    cwd: folders.root,
    sandboxed: false,
  });
}

/** Makes a folder that is removed at the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclorama-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a pool, which is closed at the end of the test, and collects its reports. */
export async function testPool(
  launch: BlenderPoolSettings['launch'],
  change: Partial<Omit<BlenderPoolSettings, 'launch'>> = {},
): Promise<{ pool: BlenderPool; restarts: RecycleReason[]; scratchDir: string }> {
  const scratchDir = await temporaryFolder();
  const restarts: RecycleReason[] = [];
  const pool = new BlenderPool({
    launch,
    scratchDir,
    slots: 1,
    process: { readyTimeoutMs: 60_000, memoryBytes: 4 * 2 ** 30, memoryPollMs: 50 },
    recycle: { maxAssets: 200, softMemoryBytes: 2 * 2 ** 30 },
    onRestart: (reason) => restarts.push(reason),
    onBusy: () => {},
    ...change,
  });
  onTestFinished(() => pool.close());
  return { pool, restarts, scratchDir };
}

/** Makes a request for one act of the fake Blender. */
export function act(name: string): BlenderTask {
  return { traceId: name, op: { $case: 'selftest', value: {} } };
}

/** Time limits that no healthy request reaches. */
export const AMPLE = { signal: NEVER, deadlineMs: 60_000, stallMs: 30_000 };

/** Returns whether a process exists, even as a zombie. */
export function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Returns whether a process still runs. A zombie does not, even if only the system's init can reap it. */
export function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (isThere(pid)) throw error;
    return false;
  }
}
