import { ExecaError, execa, type Options } from 'execa';
import { readTools, type Tools } from '../../scripts/tools.mjs';

/** What a check found. `advice` is what to do where it is not `ok`. */
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

/** A finding with the name of its check. */
export type NamedFinding = Finding & { name: string };

export const ok = (detail: string): Finding => ({ status: 'ok', detail });
export const warn = (detail: string, advice: string): Finding => ({ status: 'warn', detail, advice });
export const fail = (detail: string, advice: string): Finding => ({ status: 'fail', detail, advice });

export const SET_UP = 'run: node scripts/setup.mjs';

/** Runs a check within its deadline; one that throws has failed, with its error as what was found. */
export async function runCheck({ name, run }: Check, signal: AbortSignal, deadlineMs = 90_000): Promise<NamedFinding> {
  try {
    return { name, ...(await run(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))) };
  } catch (error) {
    signal.throwIfAborted();
    return { name, ...fail(whatHappened(error), 'after mending that, run doctor again') };
  }
}

/** One line about an error; of a program that failed, the last line that it wrote is the telling one. */
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

/** What set-up installed; undefined before it ran. */
export function toolsOrUndefined(): Tools | undefined {
  try {
    return readTools();
  } catch {
    // Not set up; each check says so in its own words.
    return undefined;
  }
}

/** Runs a program for its output; undefined when it is missing, fails or takes too long. */
export async function ask(file: string, args: string[], options: Options = {}): Promise<string | undefined> {
  const result = await execa(file, args, { reject: false, timeout: 60_000, forceKillAfterDelay: 1_000, ...options });
  return result.exitCode === 0 ? String(result.stdout) : undefined;
}
