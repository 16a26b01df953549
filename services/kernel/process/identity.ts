import { readFileSync } from 'node:fs';

/**
 * Reads when a process started, in clock ticks since boot. Systems reuse process ids, so id and start time together
 * identify a process. Undefined if no such process lives, or if the system has no /proc.
 */
export function readStartTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Field 3 is the state (Z: dead, only not reaped yet), field 22 the start time.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
