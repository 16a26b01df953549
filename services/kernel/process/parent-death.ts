import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const WRAPPER = fileURLToPath(new URL('./parent_death.py', import.meta.url));

/**
 * Wraps a command so that the kernel signals it when this process dies, even by SIGKILL.
 * The process id stays that of the command. Grandchildren are not covered; their own parent must wrap them.
 * Only Linux can do this; elsewhere the command is returned unchanged.
 */
export function withParentDeath(
  command: string[],
  python = 'python3',
  signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL',
): string[] {
  if (process.platform !== 'linux') return command;
  return [python, '-I', '-S', WRAPPER, String(process.pid), String(constants.signals[signal]), ...command];
}
