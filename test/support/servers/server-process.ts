import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { isFree } from '../../../cli/stack/ports.ts';
import { withParentDeath } from '../../../services/kernel/process/parent-death.ts';
import { pause } from '../../../services/kernel/signal.ts';

const START_MS = 30_000;

/** A server of a test in its own process, which dies with the test runner, even if that is killed. */
export class ServerProcess {
  readonly child: ChildProcess;
  #output = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk).slice(-20_000);
      });
    }
  }

  /** Starts a command and waits until `ready` returns true. */
  static async start(
    command: string[],
    ready: () => Promise<boolean>,
    env: Record<string, string> = {},
  ): Promise<ServerProcess> {
    const [program, ...args] = withParentDeath(command);
    const child = spawn(program!, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(child);
    const end = Date.now() + START_MS;
    while (!(await ready())) {
      if (child.exitCode !== null || Date.now() > end) {
        await server.close();
        throw new Error(`'${command.join(' ')}' did not start within ${START_MS} ms:\n${server.output}`);
      }
      await pause(30);
    }
    return server;
  }

  /** The last 20,000 characters of its standard output and error. */
  get output(): string {
    return this.#output;
  }

  /** Ends the process and waits until it is gone. */
  async close(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill(signal);
      await gone;
    }
    return this.child.exitCode;
  }
}

const PORTS = { first: 10_000, count: 10_000 };
let tried = Math.floor(Math.random() * PORTS.count);

/**
 * Finds a port of this machine on which nothing listens. It is outside the range that the system gives to connections;
 * otherwise a client of a stopped server could get the server's own port.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS.count; tries++) {
    tried = (tried + 1) % PORTS.count;
    if (await isFree(PORTS.first + tried)) return PORTS.first + tried;
  }
  throw new Error(`no port from ${PORTS.first} on is free`);
}

/** Returns whether a process listens on a port. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
