import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.mjs';

let folder;
let file;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-lock-'));
  file = join(folder, 'some.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('two set-ups that want one lock work one after the other', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all([withLock(file, work), withLock(file, work), withLock(file, work)]);
  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

test('a lock is given back when the work fails', async () => {
  await expect(withLock(file, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
  expect(existsSync(file)).toBe(false);
});

test('a lock whose process has died is taken over at once', async () => {
  const script = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.mjs'))};
    const holdForEver = () => {
      console.log('held');
      return new Promise(() => setInterval(() => {}, 1000));
    };
    await withLock(${JSON.stringify(file)}, holdForEver);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
  expect(existsSync(file)).toBe(true);
  await expect(withLock(file, () => 'mine', { deadlineMs: 1_000 })).resolves.toBe('mine');
});

test('a lock that nobody has touched for a minute is taken over, wherever its holder ran', async () => {
  writeFileSync(file, JSON.stringify({ pid: 1, host: `not-${hostname()}`, start: '1' }));
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(file, longAgo, longAgo);
  await expect(withLock(file, () => 'mine', { deadlineMs: 1_000 })).resolves.toBe('mine');
});

test('a lock of this machine is its holder’s as long as that lives, also after the machine slept', async () => {
  const holder = spawn('sleep', ['600']);
  const start = readFileSync(`/proc/${holder.pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[19];
  writeFileSync(file, JSON.stringify({ pid: holder.pid, host: hostname(), start }));
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(file, longAgo, longAgo);
  try {
    await expect(withLock(file, () => 'mine', { deadlineMs: 500 })).rejects.toThrow(file);
  } finally {
    holder.kill();
  }
});

test('waiting for a living holder ends at the deadline with an error that names the lock', async () => {
  writeFileSync(file, JSON.stringify({ pid: 1, host: `not-${hostname()}`, start: '1' }));
  await expect(withLock(file, () => 'mine', { deadlineMs: 100 })).rejects.toThrow(file);
  expect(readFileSync(file, 'utf8')).toContain('not-');
});
