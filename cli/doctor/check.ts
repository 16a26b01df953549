import { ExecaError, execa, type Options } from 'execa';
import { readTools, type Tools } from '../../scripts/tools.mjs';

/** The finding of a check; `advice` says how to mend a status that is not `ok`. */
export interface Finding {
  status: 'ok' | 'warn' | 'fail';
  detail: string;
  advice?: string;
}

/** One line of `cyclorama doctor`. */
export interface Check {
  name: string;
  run(signal: AbortSignal): Promise<Finding>;
}

/** A finding and the name of the check that made it. */
export type NamedFinding = Finding & { name: string };

export const ok = (detail: string): Finding => ({ status: 'ok', detail });
export const warn = (detail: string, advice: string): Finding => ({ status: 'warn', detail, advice });
export const fail = (detail: string, advice: string): Finding => ({ status: 'fail', detail, advice });

export const SET_UP = 'run: node scripts/setup.mjs';

/** Runs a check within its deadline. A check that throws has failed, and its finding is the error. */
export async function runCheck({ name, run }: Check, signal: AbortSignal, deadlineMs = 90_000): Promise<NamedFinding> {
  try {
    return { name, ...(await run(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))) };
  } catch (error) {
    signal.throwIfAborted();
    return { name, ...fail(whatHappened(error), 'fix that, then run doctor again') };
  }
}

/** Describes an error in one line. A program that failed usually gives the cause in its last line. */
function whatHappened(error: unknown): string {
  if (!(error instanceof ExecaError)) return (error as Error).message.split('\n')[0] ?? '';
  const lastLine = String(error.stderr ?? '')
    .trim()
    .split('\n')
    .at(-1);
  const how =
    error.timedOut || error.isCanceled
      ? 'did not end in time'
      : `ended with ${error.signal ?? `exit code ${error.exitCode}`}`;
  return `${how}: ${lastLine}`;
}

/** Reads where set-up installed the tools; undefined before set-up ran. */
export function toolsOrUndefined(): Tools | undefined {
  try {
    return readTools();
  } catch {
    // This clone is not set up; each check reports that itself.
    return undefined;
  }
}

/** Runs a program for its output; undefined when it is missing, fails or takes too long. */
export async function ask(file: string, args: string[], options: Options = {}): Promise<string | undefined> {
  const result = await execa(file, args, { reject: false, timeout: 60_000, forceKillAfterDelay: 1_000, ...options });
  return result.exitCode === 0 ? String(result.stdout) : undefined;
}
