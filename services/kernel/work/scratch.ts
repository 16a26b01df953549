import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, relative } from 'node:path';
import { createBudget } from '../budget.ts';
import { toScratchError } from '../disk-fault.ts';
import { CycloramaError } from '../failure.ts';
import { readStartTicks } from '../process/identity.ts';

/** The folder of one attempt, which is removed when the attempt ends. */
export interface TaskFolder {
  /** The folder that holds the asset and the files beside it. */
  input: string;
  /** The folder that holds the files that Blender wrote until they are uploaded. */
  output: string;
  /** Moves everything in `input` into Blender's folder; returns the asset's path there. */
  handInput(assetPath: string, inputDir: string): Promise<string>;
  /** Moves everything that Blender wrote into `output`. */
  collectOutput(outputDir: string): Promise<void>;
  /** Moves everything in `output` into the imaging process's folder. */
  handOutput(inputDir: string): Promise<void>;
  /** Empties the folder for a second try. */
  empty(): Promise<void>;
  /** Returns whether the disk is full: a process may then have cut its files off without an error. */
  isFull(): Promise<boolean>;
}

/** A worker's scratch space, bounded in bytes. */
export interface Scratch {
  root: string;
  /** Waits for `bytes` of space, runs `work` with a folder of its own, and removes the folder. */
  withFolder<T>(name: string, bytes: number, signal: AbortSignal, work: (folder: TaskFolder) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a worker's scratch space, and removes the folders that dead workers of this host left. */
export async function openScratch(scratchDir: string, workerId: string, limitBytes: number): Promise<Scratch> {
  await mkdir(scratchDir, { recursive: true });
  await sweep(scratchDir);
  const root = join(scratchDir, workerId);
  await refuseLivingOwner(root, workerId);
  await rm(root, { recursive: true, force: true });
  await mkdir(root);
  const owner: Owner = { host: hostname(), pid: process.pid, startTicks: readStartTicks(process.pid) };
  await writeFile(join(root, `${OWNER}.new`), JSON.stringify(owner));
  // The rename makes the file appear whole: a worker that starts meanwhile reads it.
  await rename(join(root, `${OWNER}.new`), join(root, OWNER));
  const budget = createBudget(limitBytes);
  let number = 0;

  return {
    root,
    // A task that wants more than the whole space gets all of it: only its own work can record that it does not fit.
    withFolder: (name, bytes, signal, work) =>
      budget.within(bytes, signal, async () => {
        const folder = toTaskFolder(join(root, `task-${name}-${number++}`));
        try {
          await folder.empty();
          return await work(folder);
        } catch (error) {
          throw toScratchError(error);
        } finally {
          await removeFolder(folder.root);
        }
      }),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

const OWNER = 'owner.json';
/** The disk counts as full if fewer bytes than this are free: a write that fails for lack of space leaves fewer. */
const FULL_BELOW_BYTES = 2 ** 20;

/**
 * Blames a full disk for a failure, not the asset: Cycles cuts its images off without an error, and they are
 * unreadable.
 */
export async function blameFullDisk(folder: Pick<TaskFolder, 'isFull'>, thrown: unknown): Promise<unknown> {
  if (!(await folder.isFull())) return toScratchError(thrown);
  const message = `the scratch disk has no room left; what failed by it: ${(thrown as Error).message}`;
  return new CycloramaError('scratch_full', message, { cause: thrown });
}

async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw toScratchError(error);
  }
}

function toTaskFolder(root: string): TaskFolder & { root: string } {
  const input = join(root, 'in');
  const output = join(root, 'out');
  return {
    root,
    input,
    output,
    async handInput(assetPath, inputDir) {
      await moveAll(input, inputDir);
      return join(inputDir, relative(input, assetPath));
    },
    collectOutput: (outputDir) => moveAll(outputDir, output),
    handOutput: (inputDir) => moveAll(output, inputDir),
    async isFull() {
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize < FULL_BELOW_BYTES;
    },
    async empty() {
      for (const path of [input, output]) {
        await rm(path, { recursive: true, force: true });
        await mkdir(path, { recursive: true });
      }
    },
  };
}

async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) await rename(join(from, name), join(to, name));
}

/** Removes the folders of workers of this host whose process is gone. */
async function sweep(scratchDir: string): Promise<void> {
  for (const entry of await readdir(scratchDir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(scratchDir, entry.name);
    if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true });
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  const owner = await readOwner(folder);
  return owner !== undefined && owner.host === hostname() && readStartTicks(owner.pid) !== owner.startTicks;
}

/** Throws if a living process of this host owns the folder: two workers of one name would remove each other's files. */
async function refuseLivingOwner(folder: string, workerId: string): Promise<void> {
  const owner = await readOwner(folder);
  // Without the start time of a process it is unknown whether the owner still lives.
  if (owner?.host !== hostname() || owner.pid === process.pid || owner.startTicks === undefined) return;
  throw new Error(
    `worker '${workerId}' runs here already, as process ${owner.pid}; expected a CYCLORAMA_WORKER_ID of its own`,
  );
}

interface Owner {
  host: string;
  pid: number;
  /** Undefined if the system does not say when a process started. */
  startTicks?: string | undefined;
}

/** An owner of this host that is no living process. */
const NOBODY: Owner = { host: hostname(), pid: 0, startTicks: 'none' };

/** Returns the process that works in a folder; undefined if it is not a worker's folder. */
async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, OWNER), 'utf8')) as Owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // A machine that went down may leave an empty file. The process that wrote it is gone.
    if (error instanceof SyntaxError) return NOBODY;
    throw error;
  }
}
