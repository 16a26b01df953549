import { readFileSync } from 'node:fs';

/**
 * When a process started, in clock ticks since boot: with its id it names a process for good, though ids are used again.
 * Undefined where no such process lives, or where the system has no /proc.
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
