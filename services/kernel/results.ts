import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import type { Bus, Reader } from './bus-types.ts';
import { resultSubject, STREAMS } from './topics.ts';

/** A result and where it stands in the stream of results. */
export interface SequencedResult {
  sequence: bigint;
  result: TaskResult;
}

/** Publishes a result; the server refuses a second one for the same task, so publishing twice is harmless. */
export async function publishResult(bus: Pick<Bus, 'publish'>, result: TaskResult): Promise<void> {
  await bus.publish(resultSubject(result.jobId, result.taskId), JSON.stringify(TaskResult.toJSON(result)));
}

/** Reads the results of a job in the order in which they came. */
export interface ResultReader {
  next(max: number, waitMs: number, signal?: AbortSignal): Promise<SequencedResult[]>;
  close(): Promise<void>;
}

/** Opens the results of a job after a sequence. */
export function readResults(bus: Pick<Bus, 'reader'>, jobId: string, afterSequence: bigint): ResultReader {
  const reader: Reader = bus.reader(STREAMS.results, resultSubject(jobId, '*'), afterSequence);
  return {
    async next(max, waitMs, signal) {
      const messages = await reader.next(max, waitMs, signal);
      return messages.map(({ sequence, payload }) => ({ sequence, result: TaskResult.fromJSON(JSON.parse(payload)) }));
    },
    close: () => reader.close(),
  };
}
