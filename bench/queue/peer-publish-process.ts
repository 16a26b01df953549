import { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { openPeer, toTask } from './one-by-one.ts';
import { runPart } from './process-part.ts';
import { now } from './setting.ts';

// This publishes task after task, each when the server has the one before.
await runPart(async (settings) => {
  const connection = await openPeer(settings);
  const jetStream = connection.jetstream();
  return {
    async run() {
      const enqueued = new Float64Array(settings.tasks);
      const startMs = now();
      for (let number = 0; number < settings.tasks; number++) {
        const task = toTask(number, settings.outputUri);
        enqueued[number] = now();
        await jetStream.publish('peer.tasks', JSON.stringify(Task.toJSON(task)), { msgID: task.taskId });
      }
      return { enqueued, startMs, endMs: now() };
    },
    async close() {
      await connection.close();
      return {};
    },
  };
});
