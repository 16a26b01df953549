import type { BlenderRequest } from '../../gen/cyclorama/blender/v1/blender.ts';
import type { Scan } from '../../services/kernel/sources/source.ts';
import { parseFolderUri } from '../../services/kernel/uri.ts';
import type { Operation } from '../../services/kernel/work/operation.ts';

/** What one run of the benchmark is about; handed to every process of it. */
export interface RunSettings {
  tasks: number;
  outputUri: string;
  store: StoreKind;
  natsUrl: string;
  slots: number;
}

/**
 * Where records go: to the local S3 server; to a table in memory, to see the bus's own rate; to one that is as far as
 * real S3 is.
 */
export type StoreKind = 's3' | 'memory' | 'distant';

/** What a process has seen: when tasks reached a stage, in milliseconds since the epoch, by the task's number. */
export interface Stamps {
  /** Handed to the bus. */
  enqueued?: Float64Array;
  /** The record is in the store. */
  committed?: Float64Array;
  /** The server knows that the task is done. */
  acked?: Float64Array;
}

export const BUCKET = 'bench';

/** A task that asks nothing of Blender and leaves nothing but its record. */
export const noOperation: Operation = {
  name: 'noop',
  recipe: 1,
  outputPlaces: (task) => {
    const { bucket, key } = parseFolderUri(task.outputUri, 'output_uri');
    return [{ bucket, key: `${key}${task.assetName}.json` }];
  },
  blenderOp: (): NonNullable<BlenderRequest['op']> => ({ $case: 'selftest', value: {} }),
  toProduct: () => ({ files: [], detail: {}, report: {}, warnings: [] }),
  toFailureProduct: () => ({ files: [], detail: {}, report: {}, warnings: [] }),
  approach: 'Nothing is done.',
  toStats: (report) => report,
};

const PAGE = 1_000;

/** A bucket of so many assets that exists nowhere. */
export function syntheticScan(count: number): Scan {
  return async function* ({ startAfter, limit }) {
    const first = (numberOf(startAfter) ?? -1) + 1;
    const end = limit === 0n ? count : Math.min(count, first + Number(limit));
    for (let at = first; at < end; at += PAGE) {
      yield { assets: Array.from({ length: Math.min(PAGE, end - at) }, (_, i) => toAsset(at + i)) };
    }
  };
}

/** The asset of a number, whose URI tells the number again. */
export function toAsset(number: number) {
  const uri = `s3://${BUCKET}/assets/${String(number).padStart(8, '0')}.glb`;
  return { uri, etag: 'd41d8cd98f00b204e9800998ecf8427e', sizeBytes: 0n, lastModifyTime: undefined };
}

/** Notes the moment for the asset that a text names; a job's closing task names none. */
export function stamp(times: Float64Array, text: string): void {
  const number = numberOf(text);
  if (number !== undefined) times[number] = now();
}

/** The number of the asset whose URI a text holds. */
export function numberOf(text: string): number | undefined {
  const digits = /assets\/(\d{8})\.glb/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Now, on a clock that all processes of this machine share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
