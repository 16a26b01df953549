import { constants } from 'node:os';
import { CycloramaError } from '../failure.ts';

/** Facts about a Blender process that ended by itself. */
export interface BlenderExit {
  exitCode: number | undefined;
  signal: string | undefined;
  /** Says whether Blender ran in a sandbox, which reports a signal as an exit code above 128. */
  sandboxed: boolean;
  stage: string;
  /** Resident memory at the last look. */
  rssBytes: number;
  memoryBytes: number;
  /** Says whether the kernel has killed a process of our control group for memory meanwhile. */
  outOfMemoryKill: boolean;
  logTail: string[];
}

const NEAR_CAP = 0.7;
const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** Explains why Blender ended by itself: the kernel killed it for memory, or it crashed. */
export function classifyExit(exit: BlenderExit): CycloramaError {
  const signal = exit.signal ?? (exit.sandboxed ? SIGNAL_NAMES.get((exit.exitCode ?? 0) - 128) : undefined);
  const detail = {
    stage: exit.stage,
    logTail: exit.logTail,
    ...(signal === undefined ? {} : { signal }),
    ...(signal === undefined && exit.exitCode !== undefined ? { exitCode: exit.exitCode } : {}),
  };
  const megabytes = Math.round(exit.rssBytes / 2 ** 20);
  const killed = signal === 'SIGKILL';
  if (killed && (exit.outOfMemoryKill || exit.rssBytes > NEAR_CAP * exit.memoryBytes)) {
    return new CycloramaError('blender_out_of_memory', `Blender was killed for memory at ${megabytes} MB`, detail);
  }
  const how = signal === undefined ? `with code ${exit.exitCode ?? 'unknown'}` : `by ${signal}`;
  const where = exit.stage === '' ? 'before its first stage' : `in stage '${exit.stage}'`;
  return new CycloramaError('blender_crash', `Blender ended ${how} ${where}, at ${megabytes} MB`, detail);
}
