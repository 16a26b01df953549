import { type Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { readEach } from '../bus/messages.ts';
import { RESULT_RETENTION_MS, resultSubject, STREAMS } from '../bus/topics.ts';
import type { Bus, Reader, StreamMessage } from '../bus/types.ts';
import { toClosingPlaces } from '../dataset/places.ts';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import { toS3Uri } from '../uri.ts';

/** The task id of a job's closing task. Task ids of assets are hashes, so the two never meet. */
export const CLOSING = 'closing';

/** A result and its sequence in the stream of results. */
export interface SequencedResult {
  sequence: bigint;
  result: TaskResult;
}

/** Publishes a result; the server refuses a second one for the same task, so publishing twice is harmless. */
export async function publishResult(bus: Pick<Bus, 'publish'>, result: TaskResult): Promise<void> {
  await bus.publish(resultSubject(result.jobId, result.taskId), JSON.stringify(TaskResult.toJSON(result)));
}

/** Reads the results of a job's assets in the order in which they came. */
export interface ResultReader {
  next(max: number, waitMs: number, signal?: AbortSignal): Promise<SequencedResult[]>;
  close(): Promise<void>;
}

/** Opens the results of a job's assets after a sequence; it leaves out the closing task's result. */
export function readResults(
  bus: Pick<Bus, 'reader'>,
  jobId: string,
  afterSequence: bigint,
  log?: Pick<Log, 'warn'>,
): ResultReader {
  const reader: Reader = bus.reader(STREAMS.results, resultSubject(jobId, '*'), afterSequence);
  const closing = resultSubject(jobId, CLOSING);
  return {
    async next(max, waitMs, signal) {
      const messages = await reader.next(max, waitMs, signal);
      const ofAssets = messages.filter(({ subject }) => subject !== closing);
      const read = ({ sequence, payload }: StreamMessage): SequencedResult => {
        const result = TaskResult.fromJSON(JSON.parse(payload));
        if (result.jobId !== jobId) throw new Error(`job_id is '${result.jobId}'; expected '${jobId}'`);
        return { sequence, result };
      };
      return readEach(ofAssets, read, log);
    },
    close: () => reader.close(),
  };
}

/** Returns how many results a job has by its own counts. */
export function countOfResults({ counts }: Job): number {
  return counts ? Number(counts.succeeded + counts.failed + counts.skipped) : 0;
}

/** Returns whether NATS still keeps the results of an ended job. */
export function areResultsKept({ endTime }: Job): boolean {
  return Date.now() - (endTime?.getTime() ?? Date.now()) < RESULT_RETENTION_MS;
}

/** Says that the results of a job are no longer kept, and where its index is. */
export function resultsGone({ jobId, outputUri, outputsBesideAssets }: Job): CycloramaError {
  const place =
    outputUri === '' ? 'it left no dataset' : toS3Uri(toClosingPlaces(outputUri, outputsBesideAssets).index);
  return new CycloramaError(
    'results_gone',
    `results of job '${jobId}' are kept for seven days and are not all there any more; expected a use of the ` +
      `index of its dataset: ${place}`,
  );
}

/** Waits for the result of a job's closing task. */
export interface ClosingReader {
  next(waitMs: number, signal?: AbortSignal): Promise<TaskResult | undefined>;
  close(): Promise<void>;
}

/** Opens the result of a job's closing task. */
export function readClosing(bus: Pick<Bus, 'reader'>, jobId: string): ClosingReader {
  const reader = bus.reader(STREAMS.results, resultSubject(jobId, CLOSING), 0n);
  return {
    async next(waitMs, signal) {
      const [message] = await reader.next(1, waitMs, signal);
      return message && TaskResult.fromJSON(JSON.parse(message.payload));
    },
    close: () => reader.close(),
  };
}
