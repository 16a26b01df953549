import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { CycloramaError } from '../failure.ts';
import { pause } from '../signal.ts';
import type { BlenderLaunch } from './launch.ts';
import { descendants, sendSignal } from './tree.ts';

/** A started program: its pipes, its end, and a way to kill it. */
export interface Spawned {
  pid: number;
  /** Descriptor 3 of the child. */
  requests: Writable;
  /** Descriptor 4 of the child. */
  events: Readable;
  stdout: Readable;
  stderr: Readable;
  /** Resolves once the kernel has reaped the child. */
  exited: Promise<{ exitCode: number | undefined; signal: string | undefined }>;
  /** Kills the child and all its descendants, and waits until the child is reaped. */
  kill(): Promise<void>;
}

const KILL_TIMEOUT_MS = 10_000;
const SANDBOX_REAP_MS = 2_000;
const LOG_DRAIN_MS = 1_000;

/** Starts a program in its own process group, with descriptors 3 and 4 as a control channel. */
export function spawnBlender(launch: BlenderLaunch): Spawned {
  const child = execa(launch.file, launch.args, {
    env: launch.env,
    extendEnv: false,
    cwd: launch.cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    // Gives the child its own process group and kills it when this process exits. PR_SET_PDEATHSIG covers SIGKILL.
    killDescendants: true,
  });
  const { pid, stdout, stderr } = child;
  const [, , , requests, events] = child.stdio as unknown as [null, Readable, Readable, Writable, Readable];
  if (pid === undefined) {
    throw new CycloramaError('blender_unavailable', `'${launch.file}' cannot be started; expected an executable`);
  }
  // Writes to a dead child fail with EPIPE; its exit says more.
  requests.on('error', () => {});
  const exited = new Promise<Awaited<Spawned['exited']>>((resolve) => {
    child.nodeChildProcess.once('exit', (code, signal) => {
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
    });
  });
  // The result settles once the pipes have ended too. We do not wait for a descendant that holds them open.
  const drained = Promise.race([child, exited.then(() => pause(LOG_DRAIN_MS))]);
  const ended = exited.then(async (exit) => {
    await drained;
    return exit;
  });
  return { pid, requests, events, stdout, stderr, exited: ended, kill: () => killTree(pid, launch.sandboxed, exited) };
}

async function killTree(pid: number, sandboxed: boolean, exited: Promise<unknown>): Promise<void> {
  let gone = false;
  const end = exited.then(() => {
    gone = true;
  });
  // A process that left the group for its own session is still a descendant.
  const inside = await descendants(pid);
  for (const member of inside) sendSignal(member, 'SIGKILL');
  // A sandbox reaps its dead child and then ends by itself. If we killed both at once, a zombie would be left.
  if (sandboxed && inside.length > 0) await Promise.race([end, pause(SANDBOX_REAP_MS)]);
  if (!gone) sendSignal(-pid, 'SIGKILL');
  await Promise.race([end, pause(KILL_TIMEOUT_MS)]);
  if (!gone) throw new CycloramaError('internal', `process ${pid} still lives ${KILL_TIMEOUT_MS} ms after SIGKILL`);
}
