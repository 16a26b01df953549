import { setImmediate } from 'node:timers/promises';
import {
  type BlenderEvent,
  type BlenderReady,
  BlenderRequest,
  type BlenderResult,
} from '../../../gen/cyclorama/blender/v1/blender.ts';
import { CycloramaError, fromFailure } from '../failure.ts';
import { readEvents } from './channel.ts';
import { classifyExit } from './exit.ts';
import type { BlenderLaunch } from './launch.ts';
import { createLogTail, type LogTail } from './log.ts';
import { type Spawned, spawnBlender } from './spawn.ts';
import { cpuTicks, descendants, readOutOfMemoryKills, residentBytes } from './tree.ts';
import { type RunLimits, toCancellation, type Watch, watchRun } from './watch.ts';

/** Limits of one Blender process, and a receiver for its log. */
export interface ProcessLimits {
  readyTimeoutMs: number;
  /** Blender is killed if it and its children have more resident bytes than this. */
  memoryBytes: number;
  memoryPollMs?: number;
  onLogLine?: (line: string) => void;
}

/** The exchange under way with Blender: its start, or one request. */
interface Exchange {
  requestId: string;
  stage: string;
  watch: Watch;
  onStage: (stage: string) => void;
  settle: (outcome: BlenderReady | BlenderResult | CycloramaError) => void;
}

const MEMORY_POLL_MS = 250;
/** An idle process uses fewer ticks between two looks. We look because Blender reports only when it enters a stage. */
const COMPUTING_TICKS = 2;

/**
 * One warm Blender process, which does one request at a time.
 * If we kill it, we wait until the kernel has reaped it, so that no process is left once the request has settled.
 */
export class BlenderProcess {
  readonly #launch: BlenderLaunch;
  readonly #limits: ProcessLimits;
  readonly #spawned: Spawned;
  readonly #log: LogTail;
  readonly #ended: Promise<void>;
  #exchange: Exchange | undefined;
  /** Our reason for killing it; undefined while it lives, and if it ended by itself. */
  #fate: CycloramaError | undefined;
  #alive = true;
  #members: number[] = [];
  #rssBytes = 0;
  #cpuTicks = 0;
  #outOfMemoryKills = 0;
  #ready: BlenderReady | undefined;

  private constructor(launch: BlenderLaunch, limits: ProcessLimits) {
    this.#launch = launch;
    this.#limits = limits;
    this.#log = createLogTail(limits.onLogLine);
    this.#spawned = spawnBlender(launch);
    this.#log.follow(this.#spawned.stdout);
    this.#log.follow(this.#spawned.stderr);
    readEvents(
      this.#spawned.events,
      (event) => void this.#receive(event),
      (what) => void this.#kill(new CycloramaError('blender_crash', `Blender wrote ${what}`, this.#detail())),
    );
    this.#ended = this.#spawned.exited.then((exit) => this.#bury(exit));
  }

  /** Starts Blender and waits until it takes requests. If the start fails, no process is left. */
  static async start(launch: BlenderLaunch, limits: ProcessLimits, signal: AbortSignal): Promise<BlenderProcess> {
    signal.throwIfAborted();
    const blender = new BlenderProcess(launch, limits);
    const { readyTimeoutMs } = limits;
    try {
      const watched = { signal, deadlineMs: readyTimeoutMs, stallMs: readyTimeoutMs };
      blender.#ready = (await blender.#exchangeOf('', watched)) as BlenderReady;
    } catch (error) {
      if (signal.aborted) throw error;
      const detail = { cause: error, logTail: blender.#log.lines() };
      throw new CycloramaError('blender_unavailable', `Blender does not start: ${(error as Error).message}`, detail);
    }
    blender.#members = [blender.pid, ...(await descendants(blender.pid))];
    blender.#outOfMemoryKills = await readOutOfMemoryKills();
    if (signal.aborted) {
      // Nobody else has this process yet, so nobody else would stop it.
      await blender.stop();
      throw toCancellation(signal);
    }
    return blender;
  }

  get pid(): number {
    return this.#spawned.pid;
  }

  get isAlive(): boolean {
    return this.#alive && this.#fate === undefined;
  }

  get version(): string {
    return this.#ready?.blenderVersion ?? '';
  }

  /** Resident bytes after the last request, or at the last look during one. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /**
   * Runs one request in Blender.
   * The process stays warm after a failure that Blender reports; a crash, hang, memory overrun or abort ends it.
   */
  async run(request: BlenderRequest, limits: RunLimits): Promise<BlenderResult> {
    if (this.#exchange !== undefined) throw new CycloramaError('internal', 'Blender is busy; expected one at a time');
    if (!this.isAlive) throw new CycloramaError('internal', 'Blender has ended; expected a living process');
    if (limits.signal.aborted) throw toCancellation(limits.signal);
    this.#log.clear();
    const poll = setInterval(() => void this.#look(), this.#limits.memoryPollMs ?? MEMORY_POLL_MS);
    try {
      const outcome = this.#exchangeOf(request.requestId, limits);
      this.#spawned.requests.write(`${JSON.stringify(BlenderRequest.toJSON(request))}\n`);
      return (await outcome) as BlenderResult;
    } finally {
      clearInterval(poll);
      if (this.isAlive) this.#rssBytes = await residentBytes(this.#members);
    }
  }

  /** Ends the process and waits until it is reaped. */
  async stop(): Promise<void> {
    await this.#kill(new CycloramaError('cancelled', 'Blender was stopped'));
  }

  #exchangeOf(requestId: string, limits: RunLimits): Promise<BlenderReady | BlenderResult> {
    return new Promise((resolve, reject) => {
      const settle: Exchange['settle'] = (outcome) => {
        watch.end();
        this.#exchange = undefined;
        if (outcome instanceof CycloramaError) reject(outcome);
        else resolve(outcome);
      };
      const watch = watchRun(
        limits,
        () => this.#exchange?.stage ?? '',
        (error) => void this.#kill(error),
      );
      this.#exchange = { requestId, stage: '', watch, onStage: limits.onStage ?? (() => {}), settle };
    });
  }

  async #receive({ requestId, event }: BlenderEvent): Promise<void> {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.requestId !== requestId || this.#fate !== undefined) return;
    exchange.watch.alive();
    if (event?.$case === 'progress') {
      if (event.value.stage !== exchange.stage) exchange.onStage(event.value.stage);
      exchange.stage = event.value.stage;
    } else if (event?.$case === 'failure') {
      // The log comes over other pipes. This turn of the event loop may not have read all of it, but the next one has.
      await setImmediate();
      await setImmediate();
      exchange.settle(fromFailure({ ...event.value, logTail: this.#log.lines() }));
    } else if (event !== undefined) {
      exchange.settle(event.value);
    }
  }

  async #look(): Promise<void> {
    const [rssBytes, ticks] = await Promise.all([residentBytes(this.#members), cpuTicks(this.#members)]);
    if (rssBytes === 0 || this.#exchange === undefined) return;
    if (ticks - this.#cpuTicks >= COMPUTING_TICKS) this.#exchange.watch.alive();
    this.#cpuTicks = ticks;
    this.#rssBytes = rssBytes;
    if (rssBytes <= this.#limits.memoryBytes) return;
    const megabytes = [rssBytes, this.#limits.memoryBytes].map((bytes) => Math.round(bytes / 2 ** 20));
    const message = `Blender took ${megabytes[0]} MB; expected at most ${megabytes[1]} MB`;
    await this.#kill(new CycloramaError('blender_out_of_memory', message, this.#detail()));
  }

  async #kill(fate: CycloramaError): Promise<void> {
    this.#fate ??= fate;
    try {
      if (this.#alive) await this.#spawned.kill();
      await this.#ended;
    } catch (error) {
      // The process could not be reaped, but the caller that waits for the request must get an error.
      this.#exchange?.settle(new CycloramaError('internal', (error as Error).message, { cause: fate }));
      this.#limits.onLogLine?.((error as Error).message);
    }
  }

  async #bury(exit: Awaited<Spawned['exited']>): Promise<void> {
    this.#alive = false;
    const outOfMemoryKill = (await readOutOfMemoryKills()) > this.#outOfMemoryKills;
    const { memoryBytes } = this.#limits;
    const { sandboxed } = this.#launch;
    const { stage, logTail } = this.#detail();
    const seen = { ...exit, sandboxed, stage, rssBytes: this.#rssBytes, memoryBytes, outOfMemoryKill, logTail };
    this.#exchange?.settle(this.#fate === undefined ? classifyExit(seen) : this.#withLog(this.#fate));
  }

  #withLog(fate: CycloramaError): CycloramaError {
    if (fate.handling !== 'suspect') return fate;
    return new CycloramaError(fate.reason, fate.message, { ...fate.detail, logTail: this.#log.lines() });
  }

  #detail(): { stage: string; logTail: string[] } {
    return { stage: this.#exchange?.stage ?? '', logTail: this.#log.lines() };
  }
}
