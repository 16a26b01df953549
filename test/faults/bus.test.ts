import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bus, Delivery } from '../../services/kernel/bus/types.ts';
import { TestNats } from '../support/servers/nats.ts';
import { TcpBreaker } from '../support/servers/tcp-breaker.ts';

const CONSUMER = 'tasks-note-batch';
let nats: TestNats;
beforeEach(async () => {
  nats = await TestNats.create();
});
afterEach(() => nats.close());

async function takeOne(bus: Bus): Promise<Delivery> {
  const [delivery] = await bus.take('TASKS', CONSUMER, 1, 5_000);
  return delivery!;
}

test.each(['acked', 'handed back'])(
  'a message of before NATS lost everything, %s, does nothing to its successor',
  async (answer) => {
    const bus = await nats.openBus(['note'], { CYCLORAMA_ACK_WAIT_MS: '60000' });
    await bus.publish('tasks.note.batch.job', 'same');
    const before = await takeOne(bus);
    await nats.kill();
    await nats.wipe();
    await nats.start();
    // The same number in its stream, the same content, and in somebody's hand.
    await bus.publish('tasks.note.batch.job', 'same');
    await takeOne(bus);
    if (answer === 'acked') await before.ack();
    else before.handBack(0);
    expect(await bus.take('TASKS', CONSUMER, 1, 500)).toEqual([]);
    expect(await bus.count('TASKS', 'tasks.note.batch.job')).toBe(1);
  },
);

test('a reader whose connection breaks in mid-batch misses no message', async () => {
  const publisher = await nats.openBus();
  const payload = 'x'.repeat(4_000);
  await Promise.all(Array.from({ length: 600 }, (_, i) => publisher.publish(`results.job.${i}`, payload)));
  const breaker = await TcpBreaker.create(nats.port);
  const bus = await nats.openBus([], { CYCLORAMA_NATS_URL: `nats://127.0.0.1:${breaker.port}` });
  const reader = bus.reader('RESULTS', 'results.job.*', 0n);
  const read = async (): Promise<bigint[]> => (await reader.next(300, 1_000)).map(({ sequence }) => sequence);
  breaker.breakAfter(100 * payload.length);
  const sequences = await read();
  expect(sequences.length).toBeLessThan(300);
  while (sequences.length < 600) sequences.push(...(await read()));
  expect(sequences).toEqual(Array.from({ length: 600 }, (_, i) => BigInt(i + 1)));
  await reader.close();
  await breaker.close();
});
