import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withParentDeath } from '../../services/kernel/process/parent-death.ts';
import { pause, withTimeout } from '../../services/kernel/signal.ts';
import { ROOT } from './data-dir.ts';
import type { PartState, PartStatus } from './endpoints.ts';
import { boundLog } from './log-file.ts';
import type { Part } from './parts.ts';

const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 15_000;
/** A part that ran this long was healthy; the count of quick deaths starts again at its next death. */
const WELL_MS = 60_000;
const MAX_QUICK_DEATHS = 10;

export interface ChildOptions {
  logs: string;
  python: string;
  /** Says whether to restart a part that dies. */
  autoRestart: boolean;
  /** Is called at every change of state; `message` is for the user. */
  onChange: (message?: string) => void;
}

/** One process of the stack, in its own process group. It is logged, restarted when it dies, and dies with us. */
export class Child {
  readonly part: Part;
  readonly log: string;
  state: PartState = 'stopped';
  restarts = 0;
  #options: ChildOptions;
  #process: ChildProcess | undefined;
  #quickDeaths = 0;
  #startedAt = 0;
  #cycle = new AbortController();
  #restarting: Promise<void> = Promise.resolve();

  constructor(part: Part, options: ChildOptions) {
    this.part = part;
    this.#options = options;
    this.log = join(options.logs, `${part.name}.log`);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  status(): PartStatus {
    return { name: this.part.name, state: this.state, pid: this.pid, restarts: this.restarts, log: this.log };
  }

  /** Starts the process and waits until it is ready; throws with its last log lines if it dies or is late. */
  async start(signal?: AbortSignal): Promise<void> {
    this.#cycle = new AbortController();
    this.#spawn();
    await this.#untilReady(signal ? AbortSignal.any([signal, this.#cycle.signal]) : this.#cycle.signal);
  }

  /** Ends the process with SIGTERM, and its whole group with SIGKILL at the deadline. It is not restarted. */
  async stop(): Promise<void> {
    this.#cycle.abort();
    await this.#restarting;
    const child = this.#process;
    if (child?.pid !== undefined) {
      const ended = once(child, 'exit');
      const killer = setTimeout(() => killGroup(child, 'SIGKILL'), this.part.stopTimeoutMs);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(killer);
    }
    this.#become('stopped');
  }

  /** Sends a signal to the process group, as a fault would; `autoRestart` decides whether the part restarts. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    killGroup(child, signal);
    if (signal === 'SIGKILL') await ended;
  }

  #spawn(): void {
    boundLog(this.log);
    const log = openSync(this.log, 'a', 0o600);
    const [command, ...args] = withParentDeath(this.part.command, this.#options.python);
    this.#become('starting');
    this.#startedAt = Date.now();
    const child = spawn(command as string, args, {
      cwd: ROOT,
      env: this.part.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#process = child;
    child.once('error', (error) => this.#onExit(child, error.message));
    child.once('exit', (code, signal) => this.#onExit(child, signal ?? `exit code ${code}`));
  }

  #onExit(child: ChildProcess, how: string): void {
    // Other processes of the group, such as a worker's Blender, must end as well.
    killGroup(child, 'SIGKILL');
    this.#process = undefined;
    if (this.#cycle.signal.aborted) return;
    if (this.state === 'starting' || !this.#options.autoRestart) {
      this.#become('failed', `${this.part.name} ended (${how}); its log: ${this.log}`);
      return;
    }
    this.#restarting = this.#restart(how, this.#cycle.signal);
  }

  async #restart(how: string, signal: AbortSignal): Promise<void> {
    let reason = how;
    while (!signal.aborted) {
      this.#quickDeaths = Date.now() - this.#startedAt > WELL_MS ? 1 : this.#quickDeaths + 1;
      if (this.#quickDeaths > MAX_QUICK_DEATHS) {
        this.#become(
          'failed',
          `${this.part.name} died ${MAX_QUICK_DEATHS} times in a row and stays down; its log: ${this.log}`,
        );
        return;
      }
      const delay = Math.min(FIRST_BACKOFF_MS * 2 ** (this.#quickDeaths - 1), LAST_BACKOFF_MS);
      this.#become('restarting', `${this.part.name} ended (${reason}); starting it again in ${delay / 1000} s`);
      await pause(delay, signal);
      if (signal.aborted) return;
      this.restarts += 1;
      this.#spawn();
      try {
        await this.#untilReady(signal);
        return;
      } catch (error) {
        reason = (error as Error).message.split('\n')[0] ?? '';
        await this.kill('SIGKILL');
      }
    }
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const { name, readyUrl, readyTimeoutMs } = this.part;
    const deadline = withTimeout(readyTimeoutMs, signal);
    while (!(await answers(readyUrl, deadline))) {
      if (this.#process === undefined) throw new Error(`${name} ended before it was ready${this.#lastLines()}`);
      if (signal.aborted) throw signal.reason;
      if (deadline.aborted)
        throw new Error(`${name} was not ready within ${readyTimeoutMs / 1000} s${this.#lastLines()}`);
      await pause(50, deadline);
    }
    this.#become('ready');
  }

  #lastLines(): string {
    const lines = readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-15);
    return `; the end of ${this.log}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }

  #become(state: PartState, message?: string): void {
    this.state = state;
    this.#options.onChange(message);
  }
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: withTimeout(2_000, signal) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // The part does not listen yet, or the wait is over; the caller checks which.
    return false;
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
