import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/support/poll.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { readStartTicks } from '../process/identity.ts';
import { openScratch } from './scratch.ts';

const folder = temporaryFolder();
const NEVER = new AbortController().signal;

describe('a task folder', () => {
  test('is there while the work runs, and gone with all in it afterwards', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    let input = '';
    const answer = await scratch.withFolder('task', 10, NEVER, async (task) => {
      input = task.input;
      await writeFile(join(task.input, 'asset.glb'), 'x');
      await writeFile(join(task.output, 'report.json'), 'x');
      return 'done';
    });
    expect(answer).toBe('done');
    expect(existsSync(input)).toBe(false);
    expect(await readdir(scratch.root)).toEqual(['owner.json']);
  });

  test('is gone after work that failed, too', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    const broken = scratch.withFolder('task', 10, NEVER, async (task) => {
      await writeFile(join(task.input, 'asset.glb'), 'x');
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    expect(await readdir(scratch.root)).toEqual(['owner.json']);
  });

  test('of the same name is another one for each attempt', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    const inputs = await Promise.all([1, 2].map(() => scratch.withFolder('t', 1, NEVER, async ({ input }) => input)));
    expect(inputs[0]).not.toBe(inputs[1]);
  });

  test('hands everything in it to Blender, and takes back everything that Blender wrote', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    const [input, output] = [join(folder(), 'slot-in'), join(folder(), 'slot-out')];
    await mkdir(input);
    await mkdir(join(output, 'frames'), { recursive: true });
    await writeFile(join(output, 'frames/0001.png'), 'x');
    await scratch.withFolder('task', 1, NEVER, async (task) => {
      await mkdir(join(task.input, 'Textures'));
      await writeFile(join(task.input, 'asset.gltf'), 'x');
      await writeFile(join(task.input, 'Textures/a.png'), 'x');
      expect(await task.handInput(join(task.input, 'asset.gltf'), input)).toBe(join(input, 'asset.gltf'));
      expect(existsSync(join(input, 'Textures/a.png'))).toBe(true);
      expect(await readdir(task.input)).toEqual([]);
      await task.collectOutput(output);
      expect(existsSync(join(task.output, 'frames/0001.png'))).toBe(true);
      expect(await readdir(output)).toEqual([]);
    });
  });

  test.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE', 'EIO'])(
    'on a disk that says %s is scratch_full, which is not the asset’s fault',
    async (code) => {
      const scratch = await openScratch(folder(), 'worker', 100);
      const full = scratch.withFolder('task', 1, NEVER, async () => {
        throw Object.assign(new Error('the disk says no'), { code });
      });
      await expect(full).rejects.toMatchObject({ reason: 'scratch_full', handling: 'infrastructure' });
    },
  );
});

test('a folder that cannot be made costs no room', async () => {
  const scratch = await openScratch(folder(), 'worker', 100);
  await rm(scratch.root, { recursive: true });
  await writeFile(scratch.root, 'a file in its place');
  await expect(scratch.withFolder('t', 100, NEVER, async () => 'ran')).rejects.toThrow('ENOTDIR');
  await rm(scratch.root);
  expect(await scratch.withFolder('t', 100, NEVER, async () => 'ran')).toBe('ran');
});

describe('room', () => {
  test('is never given twice: work waits for its bytes in turn', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    let now = 0;
    let most = 0;
    const sizes = [60, 50, 40, 30, 100, 10, 0, 70];
    await Promise.all(
      sizes.map((bytes, n) =>
        scratch.withFolder(`t${n}`, bytes, NEVER, async () => {
          now += bytes;
          most = Math.max(most, now);
          await new Promise(setImmediate);
          now -= bytes;
        }),
      ),
    );
    expect(most).toBeLessThanOrEqual(100);
    expect(most).toBeGreaterThan(50);
  });

  test('for more than there is at all is all of it, so that the work itself can refuse', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    expect(await scratch.withFolder('huge', 1_000, NEVER, async () => 'ran')).toBe('ran');
    expect(await scratch.withFolder('next', 100, NEVER, async () => 'ran')).toBe('ran');
  });

  test('is not waited for once the signal aborts, and what it left is not lost', async () => {
    const scratch = await openScratch(folder(), 'worker', 100);
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const holder = scratch.withFolder('holder', 80, NEVER, () => held);
    const ending = new AbortController();
    const waiting = scratch.withFolder('waiting', 50, ending.signal, async () => 'ran');
    ending.abort(new Error('drained'));
    await expect(waiting).rejects.toThrow('drained');
    letGo();
    await holder;
    expect(await scratch.withFolder('next', 100, NEVER, async () => 'ran')).toBe('ran');
  });
});

describe('a worker that starts', () => {
  const DEAD = { host: hostname(), pid: deadPid(), startTicks: '1' };

  async function leaveBehind(name: string, owner: object | undefined): Promise<string> {
    const left = join(folder(), name);
    await mkdir(join(left, 'task-1'), { recursive: true });
    if (owner) await writeFile(join(left, 'owner.json'), JSON.stringify(owner));
    return left;
  }

  test('removes what dead workers of this host left, and nothing else', async () => {
    const dead = await leaveBehind('dead', DEAD);
    const elsewhere = await leaveBehind('elsewhere', { ...DEAD, host: 'another-host' });
    const stranger = await leaveBehind('stranger', undefined);
    const live = (await openScratch(folder(), 'live', 100)).root;
    await openScratch(folder(), 'worker', 100);
    expect([dead, elsewhere, stranger, live].map(existsSync)).toEqual([false, true, true, true]);
  });

  test('knows a process id that was given out again', async () => {
    const reused = await leaveBehind('reused', { host: hostname(), pid: process.pid, startTicks: '1' });
    await openScratch(folder(), 'worker', 100);
    expect(existsSync(reused)).toBe(false);
  });

  test('removes a folder whose mark was cut short when the machine went down', async () => {
    const cut = await leaveBehind('cut', undefined);
    await writeFile(join(cut, 'owner.json'), '');
    await openScratch(folder(), 'worker', 100);
    expect(existsSync(cut)).toBe(false);
  });

  test('refuses the name of one that lives on this host, whose files it would remove', async () => {
    const other = spawn('sleep', ['600']);
    onTestFinished(() => void other.kill());
    const pid = other.pid!;
    const taken = await leaveBehind('worker', { host: hostname(), pid, startTicks: readStartTicks(pid) });
    await expect(openScratch(folder(), 'worker', 100)).rejects.toThrow(
      `worker 'worker' runs here already, as process ${pid}`,
    );
    expect(existsSync(join(taken, 'task-1'))).toBe(true);
  });

  test('starts with an empty folder of its own, and leaves none', async () => {
    await leaveBehind('worker', DEAD);
    const scratch = await openScratch(folder(), 'worker', 100);
    expect(await readdir(scratch.root)).toEqual(['owner.json']);
    await scratch.close();
    await until('the folder is gone', () => !existsSync(scratch.root));
  });
});

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}
