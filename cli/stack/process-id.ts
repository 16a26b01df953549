import { readFileSync } from 'node:fs';

/** A process that a reused pid cannot be mistaken for. */
export interface ProcessId {
  pid: number;
  /** Start time in clock ticks since boot, as /proc/PID/stat has it; empty where there is no /proc. */
  start: string;
}

/** Identifies a running process; undefined when there is none (or only its zombie). */
export function identify(pid: number): ProcessId | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return process.platform !== 'linux' && answers(pid) ? { pid, start: '' } : undefined;
  }
  // The command in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : { pid, start: fields[19] ?? '' };
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
