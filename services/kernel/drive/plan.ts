import { type Asset, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { Failure } from '../../../gen/cyclorama/failure/v1/failure.ts';
import { type Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { toAssetId, toFingerprint } from '../dataset/fingerprint.ts';
import { RECORD_OUTCOMES, toDatasetPlaces } from '../dataset/places.ts';
import type { RecordSet } from '../dataset/record-set.ts';
import type { StoredJob } from '../jobs/stored-job.ts';
import { keepsExtension, type Naming, toAssetName } from '../sources/naming.ts';
import { toS3Uri } from '../uri.ts';

/** The step for one asset: queue a task, or publish the result that an earlier job recorded. */
export type Step = { kind: 'queue'; task: Task } | { kind: 'reuse'; result: TaskResult };

/** Decides about one asset of a source, from the job and the names of the dataset's records alone. */
export function planAsset(
  entry: StoredJob,
  recipe: number,
  naming: Naming,
  records: RecordSet | undefined,
  asset: Asset,
): Step {
  const job = entry.job;
  const taskId = toAssetId(asset.uri);
  const fingerprint = toFingerprint(asset, { operation: job.operation, spec: job.spec ?? {}, recipe });
  const outcome = records?.find(taskId, fingerprint);
  if (outcome === undefined || (entry.retryFailed && outcome !== 'succeeded')) {
    return { kind: 'queue', task: toTask(job, naming, asset, taskId, fingerprint) };
  }
  const recordUri = toS3Uri(toDatasetPlaces(job.outputUri).record({ assetId: taskId, fingerprint, outcome }));
  const result = TaskResult.fromPartial({
    jobId: job.jobId,
    taskId,
    asset,
    outcome: RECORD_OUTCOMES[outcome],
    reused: true,
    recordUri,
  });
  return { kind: 'reuse', result };
}

/** Adds the reason of a reused failure or skip, which its record holds. */
export function withRecordedFailure(result: TaskResult, failure: Failure | undefined): TaskResult {
  return failure ? { ...result, failure: { ...failure, logTail: [] } } : result;
}

/** Returns whether a reused result needs its record read: the record's name does not say why an asset failed. */
export function needsRecord(result: TaskResult): boolean {
  return result.outcome !== Outcome.OUTCOME_SUCCEEDED;
}

function toTask(job: Job, naming: Naming, asset: Asset, taskId: string, fingerprint: string): Task {
  return Task.fromPartial({
    jobId: job.jobId,
    taskId,
    operation: job.operation,
    asset,
    assetName: toAssetName(naming, asset),
    spec: job.spec,
    fingerprint,
    outputUri: job.outputUri,
    outputsBesideAsset: job.outputsBesideAssets,
    keepExtension: keepsExtension(naming),
    traceId: job.traceId,
    jobClass: job.jobClass,
    requireGpu: job.requireGpu,
  });
}
