import { mkdir, rm } from 'node:fs/promises';
import type { BlenderRequest, BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import { CycloramaError } from '../failure.ts';
import { pause } from '../signal.ts';
import type { BlenderLaunch, SlotFolders } from './launch.ts';
import { BlenderProcess, type ProcessLimits } from './process.ts';
import { type RecycleLimits, type RecycleReason, recycleReason, startBackoffMs } from './recycle.ts';
import { type RunLimits, toCancellation } from './watch.ts';

/** Settings that all slots of a pool share. */
export interface SlotSettings {
  launch: (folders: SlotFolders) => BlenderLaunch;
  process: ProcessLimits;
  recycle: RecycleLimits;
  onRestart: (reason: RecycleReason) => void;
  onBusy: (seconds: number) => void;
}

/** A place for one warm Blender with its folders, used by one task at a time. */
export class BlenderSlot {
  readonly folders: SlotFolders;
  readonly #settings: SlotSettings;
  #process: BlenderProcess | undefined;
  #assets = 0;
  #retired = false;
  #lastFailure: CycloramaError | undefined;
  #failedStarts = 0;
  #closed = false;
  #tidied: Promise<void> = Promise.resolve();

  constructor(folders: SlotFolders, settings: SlotSettings) {
    this.folders = folders;
    this.#settings = settings;
  }

  /** The Blender version of the process in use; empty before the first start. */
  get version(): string {
    return this.#process?.version ?? '';
  }

  /** Process id of the warm process or of its sandbox; undefined while there is none. */
  get pid(): number | undefined {
    return this.#process?.isAlive ? this.#process.pid : undefined;
  }

  /** Starts a process unless one is warm; `fresh` replaces one that has seen an asset. */
  async prepare(fresh: boolean, signal: AbortSignal): Promise<void> {
    if (this.#process !== undefined && fresh && this.#assets > 0) await this.#replace('fresh');
    if (this.#process !== undefined && !this.#process.isAlive) await this.#replace('died');
    if (this.#process !== undefined) return;
    await pause(startBackoffMs(this.#failedStarts), signal);
    if (signal.aborted) throw toCancellation(signal);
    // This empties Blender's own temporary folder too, so no process may run now.
    await this.#tidy(this.folders.input, this.folders.output, this.folders.temporary);
    try {
      this.#process = await BlenderProcess.start(this.#settings.launch(this.folders), this.#settings.process, signal);
      this.#failedStarts = 0;
    } catch (error) {
      if (!signal.aborted) this.#failedStarts += 1;
      throw error;
    }
  }

  /** Runs one request in the warm process. */
  async run(request: BlenderRequest, limits: RunLimits): Promise<BlenderResult> {
    if (this.#process === undefined)
      throw new CycloramaError('internal', 'the slot has no process; expected prepare()');
    this.#assets += 1;
    const since = performance.now();
    try {
      return await this.#process.run(request, limits);
    } catch (error) {
      if (error instanceof CycloramaError) this.#lastFailure = error;
      throw error;
    } finally {
      this.#settings.onBusy((performance.now() - since) / 1000);
    }
  }

  /** Replaces the process after the current task. */
  retire(): void {
    this.#retired = true;
  }

  /** Cleans up after a task: empties the folders and ends a process that must take no other asset. */
  async release(): Promise<void> {
    const process = this.#process;
    if (process !== undefined) {
      const { isAlive, rssBytes } = process;
      const state = { isAlive, rssBytes, assets: this.#assets, retired: this.#retired, lastFailure: this.#lastFailure };
      const reason = recycleReason(state, this.#settings.recycle);
      if (reason !== undefined) await this.#replace(reason);
    }
    await this.#tidy(this.folders.input, this.folders.output);
  }

  /** Ends the process and removes the folders. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#process?.stop();
    await this.#tidied;
    await rm(this.folders.root, { recursive: true, force: true });
  }

  /** Empties folders, one call after another; does nothing once the slot is closed. */
  async #tidy(...folders: string[]): Promise<void> {
    const tidied = this.#tidied.then(() => (this.#closed ? undefined : emptyFolders(...folders)));
    // Only this caller gets the failure; the next call does not.
    this.#tidied = tidied.catch(() => {});
    await tidied;
  }

  async #replace(reason: RecycleReason): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
    this.#assets = 0;
    this.#retired = false;
    this.#lastFailure = undefined;
    this.#settings.onRestart(reason);
  }
}

async function emptyFolders(...folders: string[]): Promise<void> {
  for (const folder of folders) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
}
