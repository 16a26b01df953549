import type { TaskRecord } from '../../../../gen/cyclorama/job/v1/task.ts';
import { INTERNAL_FOLDER, parseS3Uri } from '../../uri.ts';
import { outcomeWord } from '../places.ts';

/** We raise this by hand when rows change, so that rows of an older index are made again. */
export const ROW_VERSION = 2;

/** Every row of an index begins with this text, so that its asset id can be read without parsing the row. */
export const ROW_START = '{"asset_id":"';

/** The row of one asset. Every row has every field; docs/use/dataset-index.md documents them. */
export interface IndexRow {
  asset_id: string;
  uri: string;
  key: string;
  name: string;
  size_bytes: number;
  etag: string;
  outcome: 'succeeded' | 'failed' | 'skipped';
  reason: string | null;
  message: string | null;
  stage: string | null;
  /** Figures of the operation; null if there are none. */
  stats: { [field: string]: unknown } | null;
  warnings: string[];
  outputs: string[];
  seconds: number;
  stage_seconds: { [stage: string]: number };
  end_time: string | null;
  attempt: number;
  worker_id: string;
  device: string;
  blender: string | null;
  job_id: string;
  fingerprint: string;
  record_uri: string;
  record_etag: string;
  row_version: number;
}

/** Turns the report of an operation from its record into the figures of a row. */
export type ToStats = (report: { [field: string]: unknown }) => { [field: string]: unknown };

/** Makes the row of a record; `recordEtag` identifies the state of the record that it shows. */
export function toRow(record: TaskRecord, recordUri: string, recordEtag: string, toStats: ToStats): IndexRow {
  const { asset, outcome, failure, outputs, warnings, stageSeconds, ...result } = record.result!;
  const { key } = parseS3Uri(asset!.uri, 'asset.uri');
  const report = record.report ?? {};
  return {
    asset_id: result.taskId,
    uri: asset!.uri,
    key,
    name: key.slice(key.lastIndexOf('/') + 1),
    size_bytes: Number(asset!.sizeBytes),
    etag: asset!.etag,
    outcome: outcomeWord(outcome),
    reason: failure?.reason ?? null,
    message: failure?.message ?? null,
    stage: failure?.stage || null,
    stats: Object.keys(report).length > 0 ? toStats(report) : null,
    warnings,
    outputs: outputs.map(({ uri }) => uri),
    seconds: round(Object.values(stageSeconds).reduce((sum, seconds) => sum + seconds, 0)),
    stage_seconds: Object.fromEntries(Object.entries(stageSeconds).map(([stage, seconds]) => [stage, round(seconds)])),
    end_time: result.endTime?.toISOString() ?? null,
    attempt: result.attempt,
    worker_id: result.workerId,
    device: record.device,
    blender: record.versions.blender ?? null,
    job_id: result.jobId,
    fingerprint: record.fingerprint,
    record_uri: recordUri,
    record_etag: recordEtag,
    row_version: ROW_VERSION,
  };
}

/** Rounds to milliseconds, because a stage's time is no more exact. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Counts the images of an asset, without thumbnails and without the kept images of a failure. */
export function imagesOf({ outputs, outcome }: Pick<IndexRow, 'outputs' | 'outcome'>): number {
  if (outcome !== 'succeeded') return 0;
  return outputs.filter((uri) => uri.endsWith('.png') && !uri.includes(`/${INTERNAL_FOLDER}`)).length;
}
