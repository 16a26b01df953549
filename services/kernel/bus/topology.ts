import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  type KV,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats';
import type { Config } from '../process/config.ts';
import { type BusCore, REQUEST_TIMEOUT_MS } from './connection.ts';
import { API_CODES, apiCode } from './errors.ts';
import {
  BUCKETS,
  type BucketName,
  driveConsumer,
  LANES,
  RESULT_RETENTION_MS,
  STREAMS,
  taskConsumer,
  taskSubject,
} from './topics.ts';

const DAY_MS = 24 * 3600 * 1000;
const DEDUPLICATION_MS = 120_000;
const DRIVE_ACK_WAIT_MS = 10_000;

/** A bucket forgets a key that nobody has written for so long. */
const BUCKET_TTL_MS: Record<BucketName, number> = { jobs: 30 * DAY_MS, ledger: RESULT_RETENTION_MS, workers: 30_000 };

const WORK_QUEUE = { retention: RetentionPolicy.Workqueue, duplicate_window: nanos(DEDUPLICATION_MS) };

const ONE_EACH = { max_msgs_per_subject: 1, discard: DiscardPolicy.New, discard_new_per_subject: true };

const STREAM_CONFIGS: (Partial<StreamConfig> & { name: string })[] = [
  // Each job has one order: the server itself refuses a second one until the first is acked.
  { name: STREAMS.jobs, subjects: ['jobs.*.*'], ...WORK_QUEUE, ...ONE_EACH },
  { name: STREAMS.tasks, subjects: ['tasks.*.*.*'], ...WORK_QUEUE },
  {
    name: STREAMS.results,
    subjects: ['results.*.*'],
    retention: RetentionPolicy.Limits,
    // Each task has one result: the server refuses a second one.
    ...ONE_EACH,
    max_age: nanos(RESULT_RETENTION_MS),
  },
];

/** NATS redelivers a drive order if its driver gives no sign of life for so long, at most the limit for tasks. */
export function driveAckWaitMs(ackWaitMs: number): number {
  return Math.min(DRIVE_ACK_WAIT_MS, ackWaitMs);
}

/** Creates the streams, the consumers of the given queues and the buckets if they do not exist. */
export async function makeTopology(
  core: BusCore,
  config: Config['nats'],
  queues: readonly string[],
): Promise<Map<BucketName, KV>> {
  for (const wanted of STREAM_CONFIGS)
    await makeStream(core, { ...wanted, storage: StorageType.File, num_replicas: config.replicas });
  for (const queue of queues) {
    await makeConsumer(core, STREAMS.jobs, driveConsumer(queue), `jobs.${queue}.*`, driveAckWaitMs(config.ackWaitMs));
    for (const lane of LANES) {
      await makeConsumer(
        core,
        STREAMS.tasks,
        taskConsumer(queue, lane),
        taskSubject(queue, lane, '*'),
        config.ackWaitMs,
      );
    }
  }
  const buckets = new Map<BucketName, KV>();
  for (const name of Object.keys(BUCKETS) as BucketName[]) {
    const options = { history: 1, ttl: BUCKET_TTL_MS[name], replicas: config.replicas, timeout: REQUEST_TIMEOUT_MS };
    buckets.set(name, await core.jetStream.views.kv(BUCKETS[name], options));
  }
  return buckets;
}

async function makeStream({ manager }: BusCore, wanted: Partial<StreamConfig> & { name: string }): Promise<void> {
  try {
    await manager.streams.info(wanted.name);
  } catch (error) {
    if (apiCode(error) !== API_CODES.streamNotFound) throw error;
    await manager.streams.add(wanted);
  }
}

async function makeConsumer(
  { manager }: BusCore,
  stream: string,
  name: string,
  subject: string,
  ackWaitMs: number,
): Promise<void> {
  const wanted = {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subject: subject,
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: 10_000,
  };
  try {
    const { config } = await manager.consumers.info(stream, name);
    if (config.ack_wait !== wanted.ack_wait)
      await manager.consumers.update(stream, name, { ack_wait: wanted.ack_wait });
  } catch (error) {
    if (apiCode(error) !== API_CODES.consumerNotFound) throw error;
    await manager.consumers.add(stream, wanted);
  }
}
