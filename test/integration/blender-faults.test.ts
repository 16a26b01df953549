import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AMPLE, act, fakeLaunch, isRunning, isThere, NEVER, testPool } from '../support/blender/blender.ts';
import { until } from '../support/poll.ts';

test.each([
  ['a signal', 'crash', 'blender_crash', { signal: 'SIGSEGV', logTail: ['about to crash'] }],
  ['an exit in mid-task', 'exit', 'blender_crash', { exitCode: 7 }],
  ['text on the control channel', 'garbage', 'blender_crash', {}],
  ['a line without an end', 'flood', 'blender_crash', {}],
  ['memory above the cap', 'grow', 'blender_out_of_memory', {}],
  ['silence', 'hang', 'blender_hang', {}],
  ['a memory error that Blender reports', 'run-out', 'blender_out_of_memory', {}],
])('%s is a typed failure, and the next task gets a new Blender', async (_, name, reason, detail) => {
  const memory = { readyTimeoutMs: 20_000, memoryBytes: 400 * 2 ** 20, memoryPollMs: 20 };
  const { pool, restarts } = await testPool(fakeLaunch(), { process: memory });
  const limits = { signal: NEVER, deadlineMs: 20_000, stallMs: name === 'hang' ? 300 : 10_000 };
  let pid = 0;
  const failed = pool.withBlender(NEVER, (blender) => {
    pid = pool.pids[0] ?? 0;
    return blender.run(act(name), limits);
  });
  await expect(failed).rejects.toMatchObject({ reason, detail });
  expect(isThere(pid)).toBe(false);
  expect(restarts).toEqual(['failure']);
  const after = await pool.withBlender(NEVER, (blender) => blender.run(act('succeed'), AMPLE));
  expect(after.result).toMatchObject({ $case: 'selftest' });
});

test('progress keeps a slow request alive beyond the stall limit', async () => {
  const { pool } = await testPool(fakeLaunch());
  const stages: string[] = [];
  await pool.withBlender(NEVER, (blender) =>
    blender.run(act('tick'), { ...AMPLE, stallMs: 400, onStage: (stage) => stages.push(stage) }),
  );
  expect(stages).toEqual(['import']);
});

test('work without a report, such as a long import, keeps a request alive beyond the stall limit', async () => {
  const { pool } = await testPool(fakeLaunch());
  const done = await pool.withBlender(NEVER, (blender) => blender.run(act('compute'), { ...AMPLE, stallMs: 700 }));
  expect(done.result).toMatchObject({ $case: 'selftest' });
});

test('progress does not keep a request alive beyond its deadline', async () => {
  const { pool } = await testPool(fakeLaunch());
  const failed = pool.withBlender(NEVER, (blender) => blender.run(act('tick-forever'), { ...AMPLE, deadlineMs: 500 }));
  await expect(failed).rejects.toMatchObject({ reason: 'blender_hang', detail: { stage: 'import' } });
});

test('an asset at fault leaves Blender warm and brings its log lines', async () => {
  const { pool, restarts } = await testPool(fakeLaunch());
  await pool.start(NEVER);
  const before = pool.pids;
  const failed = pool.withBlender(NEVER, (blender) => blender.run(act('refuse'), AMPLE));
  await expect(failed).rejects.toMatchObject({
    reason: 'import_failed',
    message: 'Invalid header.',
    detail: { stage: 'import', logTail: ['the importer says no'] },
  });
  expect(pool.pids).toEqual(before);
  expect(restarts).toEqual([]);
});

test('a failure carries at most the last 100 log lines of 500 characters', async () => {
  const { pool } = await testPool(fakeLaunch());
  const failed = pool.withBlender(NEVER, (blender) => blender.run(act('chatter'), AMPLE));
  const error = await failed.catch((thrown) => thrown);
  expect(error.detail.logTail).toHaveLength(100);
  expect(error.detail.logTail.at(-1)).toHaveLength(500);
});

test('an abort ends Blender and its children before the task settles', async () => {
  const { pool } = await testPool(fakeLaunch());
  const controller = new AbortController();
  const pids: number[] = [];
  const failed = pool.withBlender(controller.signal, (blender) => {
    pids.push(...pool.pids);
    const onStage = (stage: string): void => {
      pids.push(Number(stage.split(' ')[1]));
      controller.abort();
    };
    return blender.run(act('child'), { ...AMPLE, signal: controller.signal, onStage });
  });
  await expect(failed).rejects.toMatchObject({ reason: 'cancelled' });
  expect(pids).toHaveLength(2);
  expect(isThere(pids[0] ?? 0)).toBe(false);
  await until('the child is gone', () => !isRunning(pids[1] ?? 0));
});

test('a Blender that was killed between tasks is replaced without a failure', async () => {
  const { pool, restarts } = await testPool(fakeLaunch());
  await pool.start(NEVER);
  const [pid = 0] = pool.pids;
  process.kill(pid, 'SIGKILL');
  await until('it is gone', () => !isThere(pid));
  await pool.withBlender(NEVER, (blender) => blender.run(act('succeed'), AMPLE));
  expect(restarts).toEqual(['died']);
});

test.each([
  ['it has had its share of assets', { recycle: { maxAssets: 1, softMemoryBytes: 2 ** 31 } }, {}, 'assets'],
  ['it has grown', { recycle: { maxAssets: 200, softMemoryBytes: 2 ** 20 } }, {}, 'memory'],
  ['a task wants a fresh one', {}, { fresh: true }, 'fresh'],
])('a Blender is replaced when %s', async (_, settings, options, reason) => {
  const { pool, restarts } = await testPool(fakeLaunch(), settings);
  const pids: number[] = [];
  for (let task = 0; task < 2; task += 1) {
    await pool.withBlender(
      NEVER,
      (blender) => {
        pids.push(...pool.pids);
        return blender.run(act('succeed'), AMPLE);
      },
      options,
    );
  }
  expect(restarts[0]).toBe(reason);
  expect(new Set(pids).size).toBe(2);
});

test('a Blender that a task retires is replaced', async () => {
  const { pool, restarts } = await testPool(fakeLaunch());
  await pool.withBlender(NEVER, async (blender) => blender.retire());
  expect(restarts).toEqual(['retired']);
});

test('tasks get a slot in the order in which they came', async () => {
  const { pool } = await testPool(fakeLaunch());
  const order: number[] = [];
  const tasks = [0, 1, 2, 3].map((task) => pool.withBlender(NEVER, async () => void order.push(task)));
  await Promise.all(tasks);
  expect(order).toEqual([0, 1, 2, 3]);
});

test('a task that somebody waits for gets a slot before all that are not urgent, in turn among its like', async () => {
  const { pool } = await testPool(fakeLaunch());
  const order: string[] = [];
  const tasks = ['b1', 'b2', 'i1', 'b3', 'i2'].map((task) =>
    pool.withBlender(NEVER, async () => void order.push(task), { urgent: task.startsWith('i') }),
  );
  await Promise.all(tasks);
  expect(order).toEqual(['b1', 'i1', 'i2', 'b2', 'b3']);
});

test('a task that is called off while it waits leaves the queue, and the others move on', async () => {
  const { pool } = await testPool(fakeLaunch());
  const controller = new AbortController();
  let finish = (): void => {};
  const first = pool.withBlender(NEVER, () => new Promise<void>((resolve) => (finish = resolve)));
  const second = pool.withBlender(controller.signal, async () => 'second');
  const third = pool.withBlender(NEVER, async () => 'third');
  controller.abort();
  await expect(second).rejects.toMatchObject({ reason: 'cancelled' });
  await until('the first has its slot', () => pool.pids.length === 1);
  finish();
  await first;
  expect(await third).toBe('third');
});

test('closing ends what runs, refuses what waits, and leaves neither process nor file', async () => {
  const { pool, scratchDir } = await testPool(fakeLaunch());
  await pool.start(NEVER);
  const [pid = 0] = pool.pids;
  const running = pool.withBlender(NEVER, (blender) => blender.run(act('hang'), AMPLE));
  const waiting = pool.withBlender(NEVER, async () => {});
  const outcomes = Promise.allSettled([running, waiting]);
  await pool.close();
  const reasons = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.reason);
  expect(reasons).toEqual(['worker_draining', 'worker_draining']);
  expect(isThere(pid)).toBe(false);
  expect(await readdir(scratchDir)).toEqual([]);
  await expect(pool.withBlender(NEVER, async () => {})).rejects.toMatchObject({ reason: 'worker_draining' });
});

test('a task finds empty folders, whatever the one before left', async () => {
  const { pool } = await testPool(fakeLaunch());
  const leave = pool.withBlender(NEVER, async ({ inputDir, outputDir }) => {
    await writeFile(join(inputDir, 'a.glb'), 'x');
    await writeFile(join(outputDir, 'a.json'), 'x');
    throw new Error('the task failed');
  });
  await expect(leave).rejects.toThrow('the task failed');
  const found = await pool.withBlender(NEVER, async ({ inputDir, outputDir }) => [
    ...(await readdir(inputDir)),
    ...(await readdir(outputDir)),
  ]);
  expect(found).toEqual([]);
});

test('a Blender that dies at its start is unavailable, and its last words say why', async () => {
  const { pool } = await testPool(fakeLaunch('dies'));
  await expect(pool.start(NEVER)).rejects.toMatchObject({
    reason: 'blender_unavailable',
    detail: { logTail: ['libX11.so.6: cannot open shared object file'] },
  });
});

test('a Blender that never gets ready is unavailable, and is ended', async () => {
  const process = { readyTimeoutMs: 300, memoryBytes: 2 ** 31 };
  const { pool } = await testPool(fakeLaunch('mute'), { process });
  await expect(pool.start(NEVER)).rejects.toMatchObject({ reason: 'blender_unavailable' });
  expect(pool.pids).toEqual([]);
});

test('a program that is not there is unavailable', async () => {
  const launch = fakeLaunch();
  const { pool, scratchDir } = await testPool((folders) => ({ ...launch(folders), file: '/no/such/python' }));
  await expect(pool.start(NEVER)).rejects.toMatchObject({ reason: 'blender_unavailable' });
  expect(existsSync(scratchDir)).toBe(true);
});

test('a pool that closes just when Blender has come up leaves no process behind', async () => {
  const up = Promise.withResolvers<number>();
  const process = { readyTimeoutMs: 20_000, memoryBytes: 2 ** 30, onLogLine: (pid: string) => up.resolve(Number(pid)) };
  const { pool } = await testPool(fakeLaunch('chatty'), { process });
  await Promise.allSettled([pool.start(NEVER), up.promise.then(() => pool.close())]);
  expect(isThere(await up.promise)).toBe(false);
});
