import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import type { Bus, Reader } from './bus-types.ts';
import { resultSubject, STREAMS } from './topics.ts';

/** The id of a job's closing task; those of assets are hashes. */
export const CLOSING = 'closing';

/** A result and where it stands in the stream of results. */
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

/** Opens the results of a job's assets after a sequence; the closing task's result is none of them. */
export function readResults(bus: Pick<Bus, 'reader'>, jobId: string, afterSequence: bigint): ResultReader {
  const reader: Reader = bus.reader(STREAMS.results, resultSubject(jobId, '*'), afterSequence);
  const closing = resultSubject(jobId, CLOSING);
  return {
    async next(max, waitMs, signal) {
      const messages = await reader.next(max, waitMs, signal);
      return messages
        .filter(({ subject }) => subject !== closing)
        .map(({ sequence, payload }) => ({ sequence, result: TaskResult.fromJSON(JSON.parse(payload)) }));
    },
    close: () => reader.close(),
  };
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
