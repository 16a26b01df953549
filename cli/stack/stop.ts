import { pause } from '../../services/kernel/signal.ts';
import { dataDir } from './data-dir.ts';
import { readHolder } from './holder.ts';
import { LONGEST_STOP_MS } from './parts.ts';
import { isRunning, type ProcessId } from './process-id.ts';

/** Time for all parts to end, and for the supervisor itself. */
const DEADLINE_MS = LONGEST_STOP_MS + 15_000;
const KILL_DEADLINE_MS = 10_000;

/**
 * Ends the stack that runs on a data folder; false if none ran. It kills a supervisor that does not end in time,
 * whose parts die with it.
 */
export async function stopStack(path?: string, deadlineMs = DEADLINE_MS): Promise<boolean> {
  const holder = readHolder(dataDir(path));
  if (holder === undefined) return false;
  process.kill(holder.pid, 'SIGTERM');
  if (await ended(holder, deadlineMs)) return true;
  process.kill(holder.pid, 'SIGKILL');
  if (await ended(holder, KILL_DEADLINE_MS)) return true;
  throw new Error(`process ${holder.pid} of the stack on '${dataDir(path).root}' does not end, not even by SIGKILL`);
}

async function ended(holder: ProcessId, deadlineMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + deadlineMs;
  while (isRunning(holder)) {
    if (Date.now() > giveUpAt) return false;
    await pause(50);
  }
  return true;
}
