import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../../cli/stack/data-dir.ts';

const COMMAND_TIMEOUT_MS = 280_000;

/** The exit code and the output of a command. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Options of a command. */
export interface CliOptions {
  /** Data folder of the local stack. */
  data: string;
  cwd?: string;
  input?: string;
  /** Gets all text that was written so far. */
  onText?: (ended: Ended, child: ChildProcess) => void;
}

/** Runs `cyclorama` in a pipe, like a user's script. */
export async function runCli(args: string[], { data, cwd = ROOT, input = '', onText }: CliOptions): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, 'cli/cyclorama.mjs'), ...args, '--data', data], {
    cwd,
    timeout: COMMAND_TIMEOUT_MS,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ended.out += chunk;
    onText?.(ended, child);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ended.err += chunk;
    onText?.(ended, child);
  });
  child.stdin.end(input);
  ended.code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return ended;
}

/** Parses the lines of JSON that a command printed. */
export function jsonLines<Line>({ out }: Ended): Line[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}
