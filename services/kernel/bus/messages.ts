import { DriveOrder, Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { Log } from '../process/log.ts';
import { parseObjectUri, parseS3Uri } from '../uri.ts';
import type { Delivery } from './types.ts';

/**
 * An id must be valid as a bus key and in an object's name.
 * NATS closes the shared connection at a key that is too long.
 */
const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Parses a task of the queue; throws if a field that all work depends on is missing or wrong. */
export function parseTask(payload: string): Task {
  const task = Task.fromJSON(JSON.parse(payload));
  for (const field of ['jobId', 'taskId', 'operation', 'fingerprint'] as const) checkId(field, task[field]);
  parseObjectUri(task.asset?.uri ?? '', 'asset.uri');
  if (task.outputUri !== '') parseS3Uri(task.outputUri, 'output_uri');
  return task;
}

/** Parses an order to drive a job; throws if it names no job. */
export function parseDriveOrder(payload: string): DriveOrder {
  const order = DriveOrder.fromJSON(JSON.parse(payload));
  checkId('jobId', order.jobId);
  return order;
}

/**
 * Parses a message.
 * Acks one that cannot be parsed and returns undefined; otherwise NATS would redeliver it for ever.
 */
export async function readOrDrop<T>(
  parse: (payload: string) => T,
  delivery: Delivery,
  log: Log,
): Promise<T | undefined> {
  const { subject, payload } = delivery;
  try {
    return parse(payload);
  } catch (error) {
    log.error(
      { subject, payload: payload.slice(0, 200), error: (error as Error).message },
      'message dropped: it cannot be parsed',
    );
  }
  try {
    await delivery.ack();
  } catch (error) {
    log.warn(
      { subject, error: (error as Error).message },
      'message that cannot be parsed is not dropped; NATS redelivers it',
    );
  }
  return undefined;
}

/** Parses many messages. Logs and skips one that cannot be parsed, so that it does not hide the others. */
export function readEach<Message extends { key: string } | { subject: string }, T>(
  messages: Message[],
  parse: (message: Message) => T | undefined,
  log?: Pick<Log, 'warn'>,
): T[] {
  return messages.flatMap((message) => {
    try {
      return parse(message) ?? [];
    } catch (error) {
      const name = 'key' in message ? message.key : message.subject;
      log?.warn({ message: name, error: (error as Error).message }, 'message skipped: it cannot be parsed');
      return [];
    }
  });
}

function checkId(field: string, id: string): void {
  if (!ID.test(id))
    throw new Error(`${field} is '${id.slice(0, 100)}'; expected at most 128 letters, digits, '-' and '_'`);
}
