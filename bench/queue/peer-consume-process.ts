import { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { openPeer, PEER, toRecord } from './one-by-one.ts';
import { runPart } from './process-part.ts';
import { BUCKET, now, stamp } from './setting.ts';
import { openStore } from './stores.ts';

const NEXT_MS = 30_000;

// This takes task after task: it writes the record, publishes the result, acks, and takes the next one.
await runPart(async (settings) => {
  const connection = await openPeer(settings);
  const jetStream = connection.jetstream();
  const consumer = await jetStream.consumers.get(PEER.stream, PEER.consumer);
  const store = openStore(settings);
  return {
    async run() {
      const [committed, acked] = [new Float64Array(settings.tasks), new Float64Array(settings.tasks)];
      const startMs = now();
      for (let count = 0; count < settings.tasks; count++) {
        const message = await consumer.next({ expires: NEXT_MS });
        if (!message) throw new Error(`no task within ${NEXT_MS} ms; expected ${settings.tasks - count} more`);
        const task = Task.fromJSON(message.json());
        const { key, record, result } = toRecord(task);
        await store.write({ bucket: BUCKET, key }, record, {
          condition: { ifAbsent: true },
          contentType: 'application/json',
        });
        stamp(committed, task.asset!.uri);
        await jetStream.publish(`peer.results.${task.taskId}`, result);
        await message.ackAck();
        stamp(acked, task.asset!.uri);
      }
      return { committed, acked, startMs, endMs: now() };
    },
    async close() {
      await connection.close();
      store.close();
      return {};
    },
  };
});
