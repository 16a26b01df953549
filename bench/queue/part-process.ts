import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Told } from './process-part.ts';
import type { RunSettings } from './setting.ts';

/** One process of a run, and the messages that it sends. */
export class PartProcess {
  readonly name: string;
  readonly runs: boolean;
  readonly #child: ChildProcess;

  private constructor(name: string, child: ChildProcess, ready: Told & { told: 'ready' }) {
    this.name = name;
    this.runs = ready.runs;
    this.#child = child;
  }

  static async start(name: string, file: string, settings: RunSettings, env: NodeJS.ProcessEnv): Promise<PartProcess> {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const execArgv = process.env.BENCH_PROFILE === name ? ['--cpu-prof', '--cpu-prof-dir=test-results'] : [];
    const child = fork(path, [JSON.stringify(settings)], { env, execArgv, serialization: 'advanced' });
    const ready = (await hear(child, name)) as Told & { told: 'ready' };
    return new PartProcess(name, child, ready);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async order(what: 'run' | 'close'): Promise<Exclude<Told, { told: 'ready' }>> {
    this.#child.send(what);
    return (await hear(this.#child, this.name)) as Exclude<Told, { told: 'ready' }>;
  }

  /** Ends the process if it did not end by itself. */
  end(): void {
    if (this.#child.exitCode === null && !this.#child.connected) return;
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** Waits for the next message of a process; throws if the process ends instead. */
function hear(child: ChildProcess, name: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the ${name} ended with exit code ${code}`));
    child.once('exit', onExit);
    child.once('message', (told) => {
      child.off('exit', onExit);
      resolve(told as Told);
    });
  });
}
