import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTools, type Tools } from '../../scripts/tools.mjs';
import { Child } from './child.ts';
import { readOrCreateKey } from './credentials.ts';
import { createDataDir, type DataDir, dataDir } from './data-dir.ts';
import { type StackEndpoints, writeState } from './endpoints.ts';
import { claim, release } from './holder.ts';
import { boundLog } from './log-file.ts';
import { describePart, endpointsOf, type PartName } from './parts.ts';
import { describeTaken, freePortBase, portsFrom } from './ports.ts';
import { SERVICES } from './services.ts';

const LOG_CHECK_MS = 30_000;
const STAGES = [0, 1, 2] as const;

export interface StackOptions {
  /** Data folder; `.cyclorama` in this clone by default. */
  data?: string;
  /** Moves every port; the documented ports by default. */
  portBase?: number;
  /** Uses the store that the environment names, AWS S3 by default, and runs no S3 server. */
  remoteStore?: boolean;
  /** Which parts to run; all of them by default. */
  parts?: PartName[];
  /** Number of processes of a service or the worker; one each by default. */
  replicas?: Partial<Record<PartName, number>>;
  /** Additional environment of services and workers. */
  env?: Record<string, string>;
  /** Says whether a part that dies is started again; true by default, false for tests that stage faults. */
  autoRestart?: boolean;
  /** Takes messages for the user about parts that start or die. */
  onMessage?: (message: string) => void;
  signal?: AbortSignal;
}

/** A running local stack. */
export interface Stack {
  endpoints: StackEndpoints;
  dir: DataDir;
  /** Process id of a part by name (`worker`, `analysis-2`); undefined while it does not run. */
  pid(name: string): number | undefined;
  /** Sends a signal to a part's process group; after SIGKILL it waits for the part's end. */
  kill(name: string, signal: NodeJS.Signals): Promise<void>;
  /** Ends a part and waits for its end. */
  stopPart(name: string): Promise<void>;
  /** Stops a part if it runs, starts it and waits until it is ready. */
  restart(name: string): Promise<void>;
  /** Ends every part, in the reverse order of the start. */
  stop(): Promise<void>;
}

/** Another process already runs a stack on the same data folder. */
export class StackIsRunningError extends Error {
  readonly pid: number;

  constructor(dir: DataDir, pid: number) {
    super(`a stack on '${dir.root}' is running already (process ${pid})`);
    this.name = 'StackIsRunningError';
    this.pid = pid;
  }
}

/** Starts the local stack in this process and waits until every part is ready; on failure nothing is left behind. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dir = dataDir(options.data);
  createDataDir(dir);
  const other = claim(dir);
  if (other) throw new StackIsRunningError(dir, other.pid);
  try {
    return await startClaimed(dir, options);
  } catch (error) {
    release(dir);
    throw error;
  }
}

async function startClaimed(dir: DataDir, options: StackOptions): Promise<Stack> {
  const { onMessage = () => {}, signal } = options;
  const tools = readTools();
  const ports = portsFrom(options.portBase);
  const key = readOrCreateKey(dir);
  const { remoteStore = false, env = {} } = options;
  const input = { dir, ports, tools, key, sidecar: needsSidecar(dir, tools), remoteStore, env };
  const endpoints = endpointsOf(input);
  const store: PartName[] = remoteStore ? [] : ['s3'];
  const names: PartName[] = options.parts ?? ['nats', ...store, ...SERVICES.map(({ name }) => name), 'worker'];
  const parts = names.flatMap((name) =>
    Array.from({ length: options.replicas?.[name] ?? 1 }, (_, index) => describePart(name, index + 1, input)),
  );
  await refuseTakenPorts(Object.assign({}, ...parts.map((part) => part.ports)));

  const children: Child[] = parts.map(
    (part) =>
      new Child(part, {
        logs: dir.logs,
        python: tools.python,
        autoRestart: options.autoRestart ?? true,
        onChange: (message) => {
          if (message) onMessage(message);
          try {
            writeState(dir, { endpoints, parts: children.map((child) => child.status()) });
          } catch (error) {
            // A full disk must not stop the running parts.
            onMessage(`the state of the stack could not be written: ${(error as Error).message}`);
          }
        },
      }),
  );
  const logTimer = setInterval(() => {
    for (const { log } of children) boundLog(log);
  }, LOG_CHECK_MS);
  const stop = async (): Promise<void> => {
    clearInterval(logTimer);
    for (const stage of STAGES.toReversed()) await Promise.all(inStage(children, stage).map((child) => child.stop()));
    rmSync(dir.state, { force: true });
    release(dir);
  };
  try {
    for (const stage of STAGES) {
      const starting = inStage(children, stage);
      if (starting.length > 0) onMessage(`starting ${starting.map(({ part }) => part.name).join(', ')}`);
      await Promise.all(starting.map((child) => child.start(signal)));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoints, dir, stop, ...controls(children) };
}

function controls(children: Child[]): Pick<Stack, 'pid' | 'kill' | 'stopPart' | 'restart'> {
  const find = (name: string): Child => {
    const child = children.find(({ part }) => part.name === name);
    if (child) return child;
    throw new Error(`no part '${name}'; expected one of ${children.map(({ part }) => part.name).join(', ')}`);
  };
  return {
    pid: (name) => find(name).pid,
    kill: (name, signal) => find(name).kill(signal),
    stopPart: (name) => find(name).stop(),
    restart: async (name) => {
      await find(name).stop();
      await find(name).start();
    },
  };
}

function inStage(children: Child[], stage: number): Child[] {
  return children.filter(({ part }) => part.stage === stage);
}

async function refuseTakenPorts(ports: Record<string, number>): Promise<void> {
  // A stack that was just killed may hold its ports for a moment.
  await waitBriefly(async () => (await describeTaken(ports)).length === 0);
  const taken = await describeTaken(ports);
  if (taken.length === 0) return;
  const base = await freePortBase();
  throw new Error(`${taken.join('\n')}\nstop what holds them, or move every port: --port-base ${base}`);
}

async function waitBriefly(isDone: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 10 && !(await isDone()); round += 1) await sleep(100);
}

/**
 * Returns whether versitygw cannot keep metadata in user attributes of the file system. A folder keeps its first
 * answer.
 */
function needsSidecar(dir: DataDir, tools: Tools): boolean {
  if (existsSync(dir.sidecar)) return true;
  const probe = 'import os,sys; os.setxattr(sys.argv[1], "user.cyclorama", b"1")';
  return spawnSync(tools.python, ['-I', '-S', '-c', probe, dir.buckets], { timeout: 10_000 }).status !== 0;
}
