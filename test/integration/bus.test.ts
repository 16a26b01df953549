import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  driveConsumer,
  driveSubject,
  resultSubject,
  STREAMS,
  taskConsumer,
  taskSubject,
} from '../../services/kernel/bus/topics.ts';
import type { Bus, Delivery } from '../../services/kernel/bus/types.ts';
import { until } from '../support/poll.ts';
import { TestNats } from '../support/servers/nats.ts';

const QUEUE = 'analysis';
const CONSUMER = taskConsumer(QUEUE, 'batch');
const ACK_WAIT_MS = 2_000;
const NEVER = new AbortController().signal;

let nats: TestNats;
let bus: Bus;

beforeAll(async () => {
  nats = await TestNats.create();
  bus = await nats.openBus([QUEUE], { CYCLORAMA_ACK_WAIT_MS: String(ACK_WAIT_MS) });
});
afterAll(() => nats?.close());

const newJob = (): string => randomUUID().replaceAll('-', '');
const publishTask = (payload: string, job = newJob()) => bus.publish(taskSubject(QUEUE, 'batch', job), payload);
const take = (max: number, waitMs = 0): Promise<Delivery[]> => bus.take(STREAMS.tasks, CONSUMER, max, waitMs);
const depth = () => bus.depth(STREAMS.tasks, CONSUMER);

async function takeOne(): Promise<Delivery> {
  const [delivery, ...rest] = await take(1, 30_000);
  expect(rest).toEqual([]);
  return delivery!;
}

describe('publishing', () => {
  test('the same message id twice stores one message', async () => {
    const subject = taskSubject(QUEUE, 'batch', newJob());
    expect(await bus.publish(subject, 'one', `${subject}.1`)).toBe('stored');
    expect(await bus.publish(subject, 'one', `${subject}.1`)).toBe('duplicate');
    expect(await bus.publish(subject, 'two', `${subject}.2`)).toBe('stored');
    expect(await bus.count(STREAMS.tasks, subject)).toBe(2);
    await bus.purge(STREAMS.tasks, subject);
    expect(await bus.count(STREAMS.tasks, subject)).toBe(0);
  });

  test('a second result of a task is refused by the server, the first one stays', async () => {
    const job = newJob();
    const subject = resultSubject(job, 'task');
    expect(await bus.publish(subject, 'first')).toBe('stored');
    expect(await bus.publish(subject, 'second')).toBe('refused');
    expect(await bus.publish(resultSubject(job, 'other'), 'first')).toBe('stored');
    const reader = bus.reader(STREAMS.results, subject, 0n);
    expect((await reader.next(10, 0)).map(({ payload }) => payload)).toEqual(['first']);
    await reader.close();
  });

  test('twenty results of one task at once leave one', async () => {
    const subject = resultSubject(newJob(), 'task');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => bus.publish(subject, String(n))));
    expect(answers.filter((answer) => answer === 'stored')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'refused')).toHaveLength(19);
  });
});

test('a message larger than the server takes is refused, with the size that it takes', async () => {
  const [subject, payload] = [resultSubject(newJob(), 'task'), 'x'.repeat(2 ** 20 + 1)];
  await expect(bus.publish(subject, payload)).rejects.toMatchObject({
    reason: 'message_too_large',
    message: expect.stringContaining('expected at most 1048576 bytes (max_payload)'),
  });
  await expect(bus.bucket('jobs').put('large', payload)).rejects.toMatchObject({ reason: 'message_too_large' });
});

describe('taking', () => {
  test('gives what there is at once, without waiting for a full batch', async () => {
    for (let n = 0; n < 3; n += 1) await publishTask(String(n));
    const start = performance.now();
    const taken = await take(10, 60_000);
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(taken.map(({ payload }) => payload)).toEqual(['0', '1', '2']);
    await Promise.all(taken.map((delivery) => delivery.ack()));
    expect(await depth()).toEqual({ pending: 0, inFlight: 0 });
  });

  test('waits for the first message no longer than told', async () => {
    const start = performance.now();
    expect(await take(1, 300)).toEqual([]);
    const waited = performance.now() - start;
    expect(waited).toBeGreaterThan(250);
    expect(waited).toBeLessThan(20_000);
  });

  test('gets a message that comes while it waits', async () => {
    const waiting = take(1, 5_000);
    await publishTask('late');
    const [delivery] = await waiting;
    expect(delivery?.payload).toBe('late');
    await delivery?.ack();
  });

  test('gives a message to one of many takers', async () => {
    for (let n = 0; n < 20; n += 1) await publishTask(String(n));
    const takers = await Promise.all(Array.from({ length: 10 }, () => take(4, 0)));
    const payloads = takers.flat().map(({ payload }) => payload);
    expect(payloads.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    await Promise.all(takers.flat().map((delivery) => delivery.ack()));
  });

  test('keeps interactive and batch, and each queue, apart', async () => {
    await bus.publish(taskSubject(QUEUE, 'interactive', newJob()), 'interactive');
    expect(await take(10)).toEqual([]);
    const [delivery] = await bus.take(STREAMS.tasks, taskConsumer(QUEUE, 'interactive'), 10, 0);
    expect(delivery?.payload).toBe('interactive');
    await delivery?.ack();
  });

  test('shows what waits and what is in hand', async () => {
    for (let n = 0; n < 3; n += 1) await publishTask(String(n));
    const [delivery] = await take(1);
    expect(await depth()).toEqual({ pending: 2, inFlight: 1 });
    const rest = await take(10);
    await Promise.all([delivery!, ...rest].map((each) => each.ack()));
  });
});

describe('a delivery', () => {
  test('that is handed back comes again after its delay, counted', async () => {
    await publishTask('t');
    const first = await takeOne();
    expect(first.delivered).toBe(1);
    const start = performance.now();
    first.handBack(500);
    const second = await takeOne();
    expect(performance.now() - start).toBeGreaterThan(400);
    expect([second.payload, second.delivered]).toEqual(['t', 2]);
    second.handBack(0);
    const third = await takeOne();
    expect(third.delivered).toBe(3);
    await third.ack();
    expect(await depth()).toEqual({ pending: 0, inFlight: 0 });
  });

  test('without a sign of life comes again after ack_wait', async () => {
    await publishTask('t');
    await takeOne();
    const start = performance.now();
    const again = await takeOne();
    const waited = performance.now() - start;
    expect(again.delivered).toBe(2);
    expect(waited).toBeGreaterThan(ACK_WAIT_MS - 500);
    expect(waited).toBeLessThan(ACK_WAIT_MS + 20_000);
    await again.ack();
  });

  test('that is worked on stays with its taker beyond ack_wait', async () => {
    await publishTask('t');
    const delivery = await takeOne();
    const beating = setInterval(() => delivery.working(), ACK_WAIT_MS / 4);
    try {
      expect(await take(1, ACK_WAIT_MS * 1.5)).toEqual([]);
    } finally {
      clearInterval(beating);
    }
    await delivery.ack();
    expect(await depth()).toEqual({ pending: 0, inFlight: 0 });
  });
});

describe('a reader', () => {
  test('gives what comes after a sequence, in order, and then what is new', async () => {
    const job = newJob();
    for (let n = 0; n < 5; n += 1) await bus.publish(resultSubject(job, `t${n}`), String(n));
    const all = bus.reader(STREAMS.results, resultSubject(job, '*'), 0n);
    const first = await all.next(2, 0);
    const rest = await all.next(10, 0);
    expect([...first, ...rest].map(({ payload }) => payload)).toEqual(['0', '1', '2', '3', '4']);
    const later = bus.reader(STREAMS.results, resultSubject(job, '*'), first[1]!.sequence);
    expect((await later.next(10, 0)).map(({ payload }) => payload)).toEqual(['2', '3', '4']);
    const waiting = later.next(10, 5_000);
    await bus.publish(resultSubject(job, 'new'), 'new');
    expect((await waiting).map(({ payload }) => payload)).toEqual(['new']);
    expect(await later.next(10, 0)).toEqual([]);
    await Promise.all([all.close(), later.close()]);
  });

  test('sees its own subject only', async () => {
    const [job, other] = [newJob(), newJob()];
    await bus.publish(resultSubject(job, 't'), 'mine');
    await bus.publish(resultSubject(other, 't'), 'theirs');
    const reader = bus.reader(STREAMS.results, resultSubject(job, '*'), 0n);
    expect((await reader.next(10, 0)).map(({ payload }) => payload)).toEqual(['mine']);
    await reader.close();
  });

  test('stops waiting when its signal aborts', async () => {
    const reader = bus.reader(STREAMS.results, resultSubject(newJob(), '*'), 0n);
    const ending = new AbortController();
    const start = performance.now();
    const waiting = reader.next(1, 60_000, ending.signal);
    ending.abort();
    expect(await waiting).toEqual([]);
    expect(performance.now() - start).toBeLessThan(30_000);
    await reader.close();
  });
});

describe('a bucket', () => {
  test('creates once, updates by revision, forgets what is removed', async () => {
    const bucket = bus.bucket('jobs');
    const key = newJob();
    expect(await bucket.get(key)).toBeUndefined();
    const revision = await bucket.create(key, 'one');
    expect(await bucket.create(key, 'again')).toBeUndefined();
    expect(await bucket.get(key)).toEqual({ key, value: 'one', revision });
    const next = await bucket.update(key, 'two', revision!);
    expect(await bucket.update(key, 'stale', revision!)).toBeUndefined();
    expect(await bucket.get(key)).toEqual({ key, value: 'two', revision: next });
    const other = `${key}x.y`;
    await bucket.put(other, 'other');
    expect(await bucket.all(`${key}x.*`)).toMatchObject([{ key: other, value: 'other' }]);
    expect((await bucket.all()).map((entry) => entry.key)).toEqual(expect.arrayContaining([key, other]));
    await bucket.remove(key);
    expect(await bucket.get(key)).toBeUndefined();
    expect(await bucket.update(key, 'of the removed', next!)).toBeUndefined();
    expect(await bucket.create(key, 'anew')).toBeDefined();
    await bucket.remove(key);
  });

  test('lets one of twenty racing changes win, each round', async () => {
    const bucket = bus.bucket('jobs');
    const key = newJob();
    let revision = (await bucket.create(key, 'start'))!;
    for (let round = 0; round < 5; round += 1) {
      const tries = await Promise.all(
        Array.from({ length: 20 }, (_, n) => bucket.update(key, `${round}.${n}`, revision)),
      );
      const winners = tries.flatMap((won, n) => (won === undefined ? [] : [{ won, n }]));
      expect(winners).toHaveLength(1);
      revision = winners[0]!.won;
      expect(await bucket.get(key)).toMatchObject({ value: `${round}.${winners[0]!.n}`, revision });
    }
    await bucket.remove(key);
  });

  test('lists what it holds, without the removed', async () => {
    const bucket = bus.bucket('ledger');
    await Promise.all(['a.1', 'a.2', 'b.1'].map((key) => bucket.put(key, `value of ${key}`)));
    await bucket.remove('a.2');
    const all = await bucket.all();
    expect(all.map(({ key, value }) => [key, value]).toSorted()).toEqual([
      ['a.1', 'value of a.1'],
      ['b.1', 'value of b.1'],
    ]);
    // Not even a marker: millions of tasks come and go.
    expect(await bus.count('KV_cyclorama_ledger', '>')).toBe(2);
  });

  test('watched gives the value now, then each later one, and ends with its signal', async () => {
    const bucket = bus.bucket('jobs');
    const key = newJob();
    await bucket.put(key, 'one');
    const ending = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { value } of bucket.watch(key, ending.signal)) seen.push(value);
    })();
    await until('the first value is seen', () => seen.length === 1);
    await bucket.put(key, 'two');
    await until('the second value is seen', () => seen.length === 2);
    await bucket.put(key, 'three');
    await until('the third value is seen', () => seen.length === 3);
    expect(seen).toEqual(['one', 'two', 'three']);
    ending.abort();
    await watching;
  });
});

test('a server that is killed and comes back costs time: publish, take, watch and readers go on', async () => {
  const bucket = bus.bucket('jobs');
  const [job, key] = [newJob(), newJob()];
  const ending = new AbortController();
  const seen: string[] = [];
  await bucket.put(key, 'before');
  const watching = (async () => {
    for await (const { value } of bucket.watch(key, ending.signal)) seen.push(value);
  })();
  await until('the watch has begun', () => seen.length === 1);
  const reader = bus.reader(STREAMS.results, resultSubject(job, '*'), 0n);
  await bus.publish(resultSubject(job, 'before'), 'before');
  expect(await reader.next(10, 0)).toHaveLength(1);
  await publishTask('kept', job);

  await nats.kill();
  const during = bus.publish(resultSubject(job, 'during'), 'during');
  expect(await bus.ping()).toBe(false);
  await nats.start();

  expect(await during).toBe('stored');
  expect(await bus.ping()).toBe(true);
  await bucket.put(key, 'after');
  await until('the watch sees the change after the restart', () => seen.at(-1) === 'after');
  expect((await reader.next(10, 5_000)).map(({ payload }) => payload)).toEqual(['during']);
  const kept = await takeOne();
  expect(kept.payload).toBe('kept');
  await kept.ack();
  ending.abort();
  await Promise.all([watching, reader.close()]);
});

test('streams, consumers and buckets that the server lost are made again by whoever needs them', async () => {
  const job = newJob();
  const bucket = bus.bucket('jobs');
  await bucket.put(job, 'lost');
  await nats.kill();
  await nats.wipe();
  await nats.start();
  expect(await publishTask('first', job)).toBe('stored');
  expect(await bus.publish(driveSubject(QUEUE, job), 'drive')).toBe('stored');
  expect(await bucket.get(job)).toBeUndefined();
  expect(await bucket.create(job, 'anew')).toBeDefined();
  const delivery = await takeOne();
  expect(delivery.payload).toBe('first');
  await delivery.ack();
  const [order] = await bus.take(STREAMS.jobs, driveConsumer(QUEUE), 1, 5_000);
  expect(order?.payload).toBe('drive');
  await order?.ack();
  const reader = bus.reader(STREAMS.results, resultSubject(job, '*'), 1_000n);
  expect(await reader.next(1, 0, NEVER)).toEqual([]);
  await reader.close();
});

test('a second bus on the same server shares its queues and changes nothing', async () => {
  const second = await nats.openBus([QUEUE], { CYCLORAMA_ACK_WAIT_MS: String(ACK_WAIT_MS) });
  await publishTask('t');
  const [delivery, ...rest] = await second.take(STREAMS.tasks, CONSUMER, 5, 0);
  expect([delivery?.payload, rest]).toEqual(['t', []]);
  expect(await take(5)).toEqual([]);
  await delivery?.ack();
});

test('a server that wants a token takes ours, and refuses another one at once', async () => {
  const guarded = await TestNats.create(['--auth', 'the-token']);
  try {
    const start = performance.now();
    await expect(guarded.openBus([], { CYCLORAMA_NATS_TOKEN: 'another' })).rejects.toMatchObject({
      reason: 'bus_unavailable',
    });
    expect(performance.now() - start).toBeLessThan(5_000);
    const allowed = await guarded.openBus([], { CYCLORAMA_NATS_TOKEN: 'the-token' });
    expect(await allowed.ping()).toBe(true);
  } finally {
    await guarded.close();
  }
});

test('a server that refuses us when it comes back breaks the bus for good, and the bus says so', async () => {
  const own = await TestNats.create();
  onTestFinished(() => own.close());
  const refused = await own.openBus();
  await own.kill();
  await own.start(['--auth', 'another-token']);
  await expect(refused.broken).rejects.toMatchObject({ reason: 'bus_unavailable' });
});
