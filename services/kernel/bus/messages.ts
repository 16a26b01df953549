import { DriveOrder, Task } from '../../../gen/cyclorama/job/v1/task.ts';
import type { Log } from '../process/log.ts';
import { parseObjectUri, parseS3Uri } from '../uri.ts';
import type { Delivery } from './types.ts';

/** What can be a key of the key-value store and part of an object's name. NATS breaks a connection off at a long one, of all that share it. */
const ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Reads a task off the queue; throws where a field is missing or wrong that all work on it builds on. */
export function parseTask(payload: string): Task {
  const task = Task.fromJSON(JSON.parse(payload));
  for (const field of ['jobId', 'taskId', 'operation', 'fingerprint'] as const) checkId(field, task[field]);
  parseObjectUri(task.asset?.uri ?? '', 'asset.uri');
  if (task.outputUri !== '') parseS3Uri(task.outputUri, 'output_uri');
  return task;
}

/** Reads an order to drive a job; throws where it names none. */
export function parseDriveOrder(payload: string): DriveOrder {
  const order = DriveOrder.fromJSON(JSON.parse(payload));
  checkId('jobId', order.jobId);
  return order;
}

/** Reads a message, or drops one that nobody can ever read, since it would come again for good; undefined then. */
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
      'unreadable message dropped',
    );
  }
  try {
    await delivery.ack();
  } catch (error) {
    log.warn({ subject, error: (error as Error).message }, 'unreadable message not dropped; it comes again');
  }
  return undefined;
}

/** Reads what can be read of many messages: one that nobody can ever read must not hide the others, and is told of in the log. */
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
      log?.warn({ message: name, error: (error as Error).message }, 'unreadable message left out');
      return [];
    }
  });
}

function checkId(field: string, id: string): void {
  if (!ID.test(id))
    throw new Error(`${field} is '${id.slice(0, 100)}'; expected at most 128 letters, digits, '-' and '_'`);
}
