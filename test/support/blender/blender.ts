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

/** How the real Blender is started on this machine. */
export function realLauncher(mode: SandboxMode, bubblewrap?: string): Promise<Launcher> {
  const program = { python: readTools().python, runtimeDir: RUNTIME, threads: 2 };
  return createLauncher(mode, { ...program, deviceEnvironment: {}, kernelCacheDir: undefined }, bubblewrap);
}

/** How the fake Blender is started: `ready`, `chatty` (then logs its process id), `mute` (never ready) or `dies` at once. */
export function fakeLaunch(start: 'ready' | 'chatty' | 'mute' | 'dies' = 'ready') {
  return (folders: SlotFolders): BlenderLaunch => ({
    file: process.execPath,
    args: [FAKE, start],
    env: { PATH: '/usr/bin:/bin' },
    cwd: folders.root,
    sandboxed: false,
  });
}

/** Makes a folder that is removed when the test is done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclorama-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A pool that is closed when the test is done, and what it reported. */
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

/** A request that has the fake Blender do one of its acts. */
export function act(name: string): BlenderTask {
  return { traceId: name, op: { $case: 'selftest', value: {} } };
}

/** Time limits that no healthy request meets. */
export const AMPLE = { signal: NEVER, deadlineMs: 60_000, stallMs: 30_000 };

/** Whether a process is there, be it as a zombie. */
export function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Whether a process still runs; an orphan's zombie, which only the system's init can reap, does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (isThere(pid)) throw error;
    return false;
  }
}
