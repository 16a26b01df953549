import type { Figure } from '../described.ts';
import { createDistribution, type Distribution } from '../report/distribution.ts';
import { type IndexRow, imagesOf } from './row.ts';

const EXAMPLES = 3;
/** There are few different reasons, devices and versions. The limit protects against broken records. */
const MAX_KINDS = 100;

/** One reason of failures or skips, with examples. */
export interface ReasonSummary {
  count: number;
  examples: { key: string; message: string }[];
}

/** The totals of a dataset's rows. */
export interface IndexSummary {
  readonly rows: number;
  readonly outcomes: Record<IndexRow['outcome'], number>;
  /** Reasons, by outcome and reason. */
  readonly reasons: ReadonlyMap<string, ReasonSummary>;
  /** Seconds of assets that succeeded, by stage. */
  readonly stages: ReadonlyMap<string, Distribution>;
  readonly seconds: Distribution;
  readonly bytes: Distribution;
  /** Figures of the operation, with the values of the assets that have them. */
  readonly figures: readonly (Figure & { values: Distribution })[];
  /** Number of images of the assets that succeeded. */
  readonly images: number;
  readonly withWarnings: number;
  readonly devices: ReadonlyMap<string, number>;
  readonly blenders: ReadonlyMap<string, number>;
  add(row: IndexRow): void;
}

/** Makes an empty summary. Rows are added to it one by one; its size does not depend on their number. */
export function createSummary(figures: readonly Figure[] = []): IndexSummary {
  const reasons = new Map<string, ReasonSummary>();
  const stages = new Map<string, Distribution>();
  const devices = new Map<string, number>();
  const blenders = new Map<string, number>();
  const outcomes = { succeeded: 0, failed: 0, skipped: 0 };
  const [seconds, bytes] = [createDistribution(), createDistribution()];
  const measured = figures.map((figure) => ({ ...figure, values: createDistribution() }));
  let [rows, withWarnings, images] = [0, 0, 0];

  const addTimes = (row: IndexRow): void => {
    seconds.add(row.seconds);
    for (const [stage, took] of Object.entries(row.stage_seconds)) {
      const times = stages.get(stage) ?? createDistribution();
      times.add(took);
      if (stages.size < MAX_KINDS) stages.set(stage, times);
    }
  };

  return {
    get rows() {
      return rows;
    },
    get withWarnings() {
      return withWarnings;
    },
    outcomes,
    reasons,
    stages,
    seconds,
    bytes,
    figures: measured,
    get images() {
      return images;
    },
    devices,
    blenders,
    add(row) {
      rows++;
      outcomes[row.outcome]++;
      bytes.add(row.size_bytes);
      if (row.warnings.length > 0) withWarnings++;
      images += imagesOf(row);
      for (const { field, values } of measured) {
        const value = row.stats?.[field];
        if (typeof value === 'number') values.add(value);
      }
      if (row.outcome === 'succeeded') addTimes(row);
      else addReason(reasons, row);
      count(devices, row.device);
      if (row.blender !== null) count(blenders, row.blender);
    },
  };
}

function addReason(reasons: Map<string, ReasonSummary>, { outcome, reason, key, message }: IndexRow): void {
  const name = `${outcome} ${reason ?? 'unknown'}`;
  const found = reasons.get(name) ?? { count: 0, examples: [] };
  found.count++;
  if (found.examples.length < EXAMPLES) found.examples.push({ key, message: message ?? '' });
  if (reasons.has(name) || reasons.size < MAX_KINDS) reasons.set(name, found);
}

function count(counts: Map<string, number>, name: string): void {
  if (counts.has(name) || counts.size < MAX_KINDS) counts.set(name, (counts.get(name) ?? 0) + 1);
}
