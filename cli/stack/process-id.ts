import { readStartTicks } from '../../services/kernel/process/identity.ts';

/** Identity of a process; a later process with the same pid has another one. */
export interface ProcessId {
  pid: number;
  /** Start time in clock ticks since boot, from /proc/PID/stat; empty on systems without /proc. */
  start: string;
}

/** Identifies a running process; undefined if there is none, or only its zombie. */
export function identify(pid: number): ProcessId | undefined {
  const start = readStartTicks(pid);
  if (start !== undefined) return { pid, start };
  return process.platform !== 'linux' && answers(pid) ? { pid, start: '' } : undefined;
}

/** Returns whether this process runs, and not another one with the same pid. */
export function isRunning(id: ProcessId): boolean {
  return identify(id.pid)?.start === id.start;
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
