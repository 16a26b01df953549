import type { CycloramaError } from '../failure.ts';

/** Why a Blender process is replaced by a new one; a label of the metric. */
export type RecycleReason = 'assets' | 'memory' | 'failure' | 'fresh' | 'retired' | 'died';

/** What the decision depends on. */
export interface SlotState {
  isAlive: boolean;
  /** Assets that the process has had. */
  assets: number;
  rssBytes: number;
  /** Somebody asked for a new process after this task. */
  retired: boolean;
  lastFailure: CycloramaError | undefined;
}

/** When a healthy process is replaced. */
export interface RecycleLimits {
  maxAssets: number;
  /** Resident bytes between tasks above which a process is replaced. */
  softMemoryBytes: number;
}

/** Decides whether a process may take the next asset; undefined means that it may. */
export function recycleReason(state: SlotState, limits: RecycleLimits): RecycleReason | undefined {
  if (state.lastFailure !== undefined && state.lastFailure.handling !== 'permanent') return 'failure';
  if (!state.isAlive) return 'died';
  if (state.retired) return 'retired';
  if (state.assets >= limits.maxAssets) return 'assets';
  if (state.rssBytes > limits.softMemoryBytes) return 'memory';
  return undefined;
}

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/** How long to wait before the next start, after this many starts that failed in a row. */
export function startBackoffMs(failedStarts: number): number {
  return failedStarts === 0 ? 0 : Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failedStarts - 1));
}
