import { randomUUID } from 'node:crypto';
import { BlenderRequest, type BlenderResult } from '../../../gen/cyclorama/blender/v1/blender.ts';
import { CycloramaError } from '../failure.ts';
import { slotFolders } from './launch.ts';
import { BlenderSlot, type SlotSettings } from './slot.ts';
import { type RunLimits, toCancellation } from './watch.ts';

/** Settings of a pool. */
export interface BlenderPoolSettings extends SlotSettings {
  scratchDir: string;
  slots: number;
}

/** A request of a task to its Blender. */
export interface BlenderTask {
  /** A file in the lease's input folder; undefined for operations without an asset. */
  inputPath?: string;
  traceId: string;
  op: NonNullable<BlenderRequest['op']>;
}

/** A warm Blender that one task uses. */
export interface BlenderLease {
  /** Blender may read here; emptied after the task. */
  inputDir: string;
  /** Blender may write here; emptied after the task. */
  outputDir: string;
  /** Version such as `4.5.15 LTS`. */
  blenderVersion: string;
  run(task: BlenderTask, limits: RunLimits): Promise<BlenderResult>;
  /** Replaces this process after the task, such as after a file that may leave Blender in a bad state. */
  retire(): void;
}

interface Waiter {
  urgent: boolean;
  give: (slot: BlenderSlot) => void;
  refuse: (error: CycloramaError) => void;
}

/** Warm Blender processes, each lent to one task at a time: urgent tasks first, then first come first served. */
export class BlenderPool {
  readonly #slots: BlenderSlot[];
  readonly #free: BlenderSlot[];
  readonly #waiters: Waiter[] = [];
  readonly #closing = new AbortController();

  constructor(settings: BlenderPoolSettings) {
    const numbers = Array.from({ length: settings.slots }, (_, slot) => slot);
    this.#slots = numbers.map((slot) => new BlenderSlot(slotFolders(settings.scratchDir, slot), settings));
    this.#free = [...this.#slots];
  }

  /** Starts Blender in every slot; throws `blender_unavailable` if it does not start. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#slots.map(() => this.withBlender(signal, async () => {})));
  }

  /**
   * Runs `work` with a warm Blender of its own, and cleans up even if `work` fails. A retry sets `fresh` to get a
   * process that has seen no other asset. `urgent` work goes before other work that waits.
   */
  async withBlender<T>(
    signal: AbortSignal,
    work: (lease: BlenderLease) => Promise<T>,
    { fresh = false, urgent = false }: { fresh?: boolean; urgent?: boolean } = {},
  ): Promise<T> {
    const slot = await this.#acquire(signal, urgent);
    try {
      await slot.prepare(fresh, AbortSignal.any([signal, this.#closing.signal]));
      return await work(this.#lease(slot));
    } finally {
      try {
        await slot.release();
      } finally {
        this.#handOn(slot);
      }
    }
  }

  /** Process ids of the warm processes. */
  get pids(): number[] {
    return this.#slots.map((slot) => slot.pid).filter((pid) => pid !== undefined);
  }

  /** Ends all processes, even in the middle of a task, refuses waiting tasks, and removes the slots' folders. */
  async close(): Promise<void> {
    const error = new CycloramaError('worker_draining', 'the Blender pool is closing');
    this.#closing.abort(error);
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(error);
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  #lease(slot: BlenderSlot): BlenderLease {
    const { input, output } = slot.folders;
    return {
      inputDir: input,
      outputDir: output,
      blenderVersion: slot.version,
      retire: () => slot.retire(),
      run: ({ inputPath = '', traceId, op }, limits) => {
        const requestId = randomUUID();
        const request = BlenderRequest.fromPartial({ requestId, traceId, inputPath, outputDir: output, op });
        return slot.run(request, { ...limits, signal: AbortSignal.any([limits.signal, this.#closing.signal]) });
      },
    };
  }

  #acquire(signal: AbortSignal, urgent: boolean): Promise<BlenderSlot> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) return reject(toCancellation(this.#closing.signal));
      if (signal.aborted) return reject(toCancellation(signal));
      const slot = this.#free.shift();
      if (slot !== undefined) return resolve(slot);
      const leave = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(toCancellation(signal));
      };
      const waiter: Waiter = {
        urgent,
        give: (given) => {
          signal.removeEventListener('abort', leave);
          resolve(given);
        },
        refuse: (error) => {
          signal.removeEventListener('abort', leave);
          reject(error);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      const behind = urgent ? this.#waiters.findIndex((other) => !other.urgent) : -1;
      this.#waiters.splice(behind < 0 ? this.#waiters.length : behind, 0, waiter);
    });
  }

  #handOn(slot: BlenderSlot): void {
    const next = this.#waiters.shift();
    if (next !== undefined) next.give(slot);
    else this.#free.push(slot);
  }
}
