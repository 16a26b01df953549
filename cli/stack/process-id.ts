import { readStartTicks } from '../../services/kernel/process/identity.ts';

/** A process that a reused pid cannot be mistaken for. */
export interface ProcessId {
  pid: number;
  /** Start time in clock ticks since boot, as /proc/PID/stat has it; empty where there is no /proc. */
  start: string;
}

/** Identifies a running process; undefined when there is none (or only its zombie). */
export function identify(pid: number): ProcessId | undefined {
  const start = readStartTicks(pid);
  if (start !== undefined) return { pid, start };
  return process.platform !== 'linux' && answers(pid) ? { pid, start: '' } : undefined;
}

/** Whether the very process runs, not another one with its old pid. */
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
