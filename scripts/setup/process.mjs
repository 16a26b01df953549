import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** With this prefix, a program dies with set-up, even by SIGKILL. A remaining pip would break the next run. */
const DYING_WITH_US =
  process.platform === 'linux' && existsSync('/usr/bin/setpriv')
    ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--']
    : [];

/** The error of a failed program of set-up; `output` holds its last lines. */
export class CommandError extends Error {
  constructor(command, reason, output) {
    super(`${command} ${reason}${output === '' ? '' : `\n${output}`}`);
    this.name = 'CommandError';
    this.output = output;
  }
}

/**
 * Runs a program to its end and returns its standard output and error in one text.
 * The program and its children are killed at the deadline, and if set-up is interrupted.
 */
export function run(command, args, { cwd, env = process.env, timeoutMs = 900_000, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const [program, ...rest] = [...DYING_WITH_US, command, ...args];
    const child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const chunks = [];
    const kill = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    let timedOut = false;
    running.add(child.pid);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        chunks.push(text);
        if (onLine) for (const line of text.split('\n')) if (line.trim() !== '') onLine(line.trim());
      });
    }
    const done = () => {
      clearTimeout(timer);
      running.delete(child.pid);
    };
    child.on('error', (error) => {
      done();
      reject(new CommandError(command, `could not be started: ${error.message}`, ''));
    });
    child.on('close', (code, signal) => {
      done();
      const output = chunks.join('');
      if (code === 0) return resolve(output);
      const reason = timedOut
        ? `did not end within ${timeoutMs / 1000} s`
        : `ended with ${signal ?? `exit code ${code}`}`;
      reject(new CommandError([command, ...args].join(' '), reason, lastLines(output, 25)));
    });
  });
}

/** Returns the output of a program; undefined if it is missing or fails. Use it only to probe. */
export async function probe(command, args, options = {}) {
  try {
    return await run(command, args, { timeoutMs: 30_000, ...options });
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

const running = new Set();

/** Kills every program that set-up still runs. */
export function killRunning() {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
