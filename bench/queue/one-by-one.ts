import { AckPolicy, connect, type NatsConnection, nanos, RetentionPolicy, StorageType } from 'nats';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { Task, TaskRecord } from '../../gen/cyclorama/job/v1/task.ts';
import { toAssetId, toFingerprint } from '../../services/kernel/dataset/fingerprint.ts';
import { toDatasetPlaces } from '../../services/kernel/dataset/places.ts';
import { noOperation, type RunSettings, toAsset } from './setting.ts';

// The peer is what one writes first with the nats package: it has the same messages, records and acks, one at a time.
// It has no ledger, does not look for earlier attempts, and has no job to fold results into.

/** The names of the peer's streams and consumer. */
export const PEER = { stream: 'PEER', results: 'PEER_RESULTS', consumer: 'peer' } as const;
const CONSUMER_ACK_WAIT_MS = 60_000;

/** Connects to NATS, and makes the peer's streams and consumer. */
export async function openPeer({ natsUrl }: RunSettings): Promise<NatsConnection> {
  const connection = await connect({ servers: natsUrl });
  const { streams, consumers } = await connection.jetstreamManager();
  const storage = StorageType.File;
  await streams.add({ name: PEER.stream, subjects: ['peer.tasks'], retention: RetentionPolicy.Workqueue, storage });
  await streams.add({ name: PEER.results, subjects: ['peer.results.*'], storage });
  await consumers.add(PEER.stream, {
    durable_name: PEER.consumer,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(CONSUMER_ACK_WAIT_MS),
  });
  return connection;
}

/** Makes a task as the planner does. */
export function toTask(number: number, outputUri: string): Task {
  const asset = toAsset(number);
  const { name: operation, recipe } = noOperation;
  return Task.fromPartial({
    jobId: '0123456789abcdef0123456789abcdef',
    taskId: toAssetId(asset.uri),
    operation,
    asset,
    assetName: asset.uri.split('/').at(-1)!,
    spec: {},
    fingerprint: toFingerprint(asset, { operation, spec: {}, recipe }),
    outputUri,
    traceId: 'bench',
  });
}

/** Makes the record and result of a task as the worker does. */
export function toRecord(task: Task): { key: string; record: string; result: string } {
  const places = toDatasetPlaces(task.outputUri);
  const { key } = places.record({ assetId: task.taskId, fingerprint: task.fingerprint, outcome: 'succeeded' });
  const { jobId, taskId, asset, operation, fingerprint, traceId } = task;
  const result = TaskResult.fromPartial({
    jobId,
    taskId,
    asset,
    outcome: Outcome.OUTCOME_SUCCEEDED,
    recordUri: `s3://${places.bucket}/${key}`,
    workerId: 'bench-worker',
    attempt: 1,
    endTime: new Date(),
  });
  const record = TaskRecord.fromPartial({ result, fingerprint, operation, recipe: 1, traceId, device: 'CPU' });
  return {
    key,
    record: `${JSON.stringify(TaskRecord.toJSON(record), undefined, 1)}\n`,
    result: JSON.stringify(TaskResult.toJSON(result)),
  };
}
