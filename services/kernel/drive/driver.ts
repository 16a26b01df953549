import { parseDriveOrder, readOrDrop } from '../bus/messages.ts';
import { driveConsumer, LANES, STREAMS, taskConsumer } from '../bus/topics.ts';
import { driveAckWaitMs } from '../bus/topology.ts';
import type { Delivery } from '../bus/types.ts';
import { type CycloramaError, shouldRetry, toCycloramaError } from '../failure.ts';
import { failEntry } from '../jobs/jobs.ts';
import { isEnded } from '../jobs/state.ts';
import { tendJobs } from '../jobs/tend.ts';
import type { Metrics } from '../process/metrics.ts';
import { pause } from '../signal.ts';
import { driveJob } from './drive.ts';
import type { DriveParts } from './parts.ts';
import { isSuperseded } from './progress.ts';

const JOBS_AT_ONCE = 32;
const TRY_AGAIN_MS = 5_000;
const METER_EVERY_MS = 5_000;
/** A job is given up when this many of its drives ended in a defect of ours. */
const MAX_DEFECTS = 20;

/** The parts that drive one job, and what a driver of all jobs of one operation needs besides. */
export type DriverParts = DriveParts & {
  operation: string;
  /** NATS gives a message to another process if its holder gave no sign of life for this long. */
  ackWaitMs: number;
  metrics: Pick<Metrics, 'queuePending' | 'queueInFlight'>;
};

/**
 * Takes orders to drive jobs of one operation until the signal aborts. Then it hands all of them back, so that another
 * replica goes on at once.
 */
export async function runDriver(parts: DriverParts, signal: AbortSignal): Promise<void> {
  const { bus, operation, log } = parts;
  const driving = new Set<Promise<void>>();
  const tending = Promise.all([meterQueues(parts, signal), tendJobs(parts, signal)]);
  while (!signal.aborted) {
    const room = JOBS_AT_ONCE - driving.size;
    if (room === 0) {
      await Promise.race([...driving, pause(1_000, signal)]);
      continue;
    }
    const orders = await bus.take(STREAMS.jobs, driveConsumer(operation), room, 2_000).catch(async (error: Error) => {
      if (!signal.aborted) log.warn({ error: error.message }, 'cannot take drive orders');
      await pause(TRY_AGAIN_MS, signal);
      return [];
    });
    for (const delivery of orders) {
      if (signal.aborted) {
        delivery.handBack(0);
        continue;
      }
      const drive = driveDelivery(parts, delivery, signal).finally(() => driving.delete(drive));
      driving.add(drive);
    }
  }
  await Promise.all([...driving, tending]);
}

async function driveDelivery(parts: DriverParts, delivery: Delivery, signal: AbortSignal): Promise<void> {
  const order = await readOrDrop(parseDriveOrder, delivery, parts.log);
  if (!order) return;
  const { jobId } = order;
  const log = parts.log.child({ job: jobId });
  const heartbeat = setInterval(() => delivery.working(), driveAckWaitMs(parts.ackWaitMs) / 3);
  try {
    const job = await driveJob({ ...parts, log }, jobId, signal);
    log.info({ state: job.state, counts: job.counts, trace: job.traceId }, 'job ended');
    await delivery.ack();
  } catch (thrown) {
    if (signal.aborted) delivery.handBack(0);
    else if (isSuperseded(thrown)) log.info({ reason: (thrown as Error).message }, 'drive left to another driver');
    else await settleFailure({ ...parts, log }, delivery, jobId, toCycloramaError(thrown));
  } finally {
    clearInterval(heartbeat);
  }
}

/** Fails the job if the reason is lasting; hands the order back if it may pass. */
async function settleFailure(
  { jobs, log }: DriverParts,
  delivery: Delivery,
  jobId: string,
  error: CycloramaError,
): Promise<void> {
  try {
    const givenUp = isDefect(error) && (await countDefects(jobs, jobId, delivery)) >= MAX_DEFECTS;
    if (shouldRetry(error, 'job') && !givenUp) {
      log.warn(
        { reason: error.reason, error: error.message, stack: isDefect(error) ? error.stack : undefined },
        'drive broke off; it goes on in a while',
      );
      delivery.handBack(TRY_AGAIN_MS);
      return;
    }
    if (error.reason === 'job_not_found') {
      // NATS forgot the job. By now it may have been resumed, with an order of its own, so this order ends nothing.
      log.info({ error: error.message }, 'order to drive a job that is gone dropped');
    } else {
      log.error({ reason: error.reason, error: error.message }, 'job failed');
      await endJob({ jobs, log }, jobId, error);
    }
    await delivery.ack();
  } catch (cause) {
    log.warn({ error: (cause as Error).message }, 'the end of the job could not be written');
    delivery.handBack(TRY_AGAIN_MS);
  }
}

/** Ends a job. If its output place never takes the note of its end, only the key-value store has it. */
async function endJob(
  { jobs, log }: Pick<DriverParts, 'jobs' | 'log'>,
  jobId: string,
  error: CycloramaError,
): Promise<void> {
  try {
    if (error.reason === 'source_job_cancelled') await jobs.cancel(jobId);
    else await jobs.recordEnd(await jobs.change(jobId, (entry) => failEntry(entry, error)));
  } catch (thrown) {
    const cause = toCycloramaError(thrown);
    if (shouldRetry(cause, 'job')) throw cause;
    if (cause.reason === 'job_not_found') return;
    log.error({ reason: cause.reason, error: cause.message }, 'the output place does not take the end of the job');
  }
}

/**
 * Counts one more drive that ended in a defect of ours, and returns the number. An ended job cannot be changed, so for
 * one the number of deliveries of its order is returned.
 */
async function countDefects(jobs: DriverParts['jobs'], jobId: string, { delivered }: Delivery): Promise<number> {
  const { job, defects } = await jobs.change(jobId, (entry) => ({ ...entry, defects: entry.defects + 1 }));
  return isEnded(job.state) ? delivered : defects;
}

function isDefect({ reason }: CycloramaError): boolean {
  return reason === 'internal';
}

/** Keeps the metrics of this operation's queue depth up to date. */
async function meterQueues({ bus, operation, metrics, log }: DriverParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      let inFlight = 0;
      for (const lane of LANES) {
        const depth = await bus.depth(STREAMS.tasks, taskConsumer(operation, lane));
        metrics.queuePending.set({ queue: operation, lane }, depth.pending);
        inFlight += depth.inFlight;
      }
      metrics.queueInFlight.set({ queue: operation }, inFlight);
    } catch (error) {
      log.debug({ error: (error as Error).message }, 'queue depth not known');
    }
    await pause(METER_EVERY_MS, signal);
  }
}
