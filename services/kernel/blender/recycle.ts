import type { CycloramaError } from '../failure.ts';

/** Reason for replacing a Blender process; the metric uses it as a label. */
export type RecycleReason = 'assets' | 'memory' | 'failure' | 'fresh' | 'retired' | 'died';

/** Facts about a slot on which the decision depends. */
export interface SlotState {
  isAlive: boolean;
  /** Number of assets that the process has handled. */
  assets: number;
  rssBytes: number;
  /** Says whether a task asked for a new process after it. */
  retired: boolean;
  lastFailure: CycloramaError | undefined;
}

/** Limits at which a healthy process is replaced. */
export interface RecycleLimits {
  maxAssets: number;
  /** A process is replaced if it has more resident bytes than this between tasks. */
  softMemoryBytes: number;
}

/** Returns why a process must be replaced before the next asset; undefined if it may take it. */
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

/** Returns how long to wait before the next start after this many failed starts in a row. */
export function startBackoffMs(failedStarts: number): number {
  return failedStarts === 0 ? 0 : Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failedStarts - 1));
}
