import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDataDir, type DataDir, dataDir } from './data-dir.ts';
import { claim, readHolder, release } from './holder.ts';
import { identify } from './process-id.ts';

let dir: DataDir;
beforeEach(() => {
  dir = dataDir(mkdtempSync(join(tmpdir(), 'cyclorama-holder-')));
  createDataDir(dir);
});
afterEach(() => rmSync(dir.root, { recursive: true }));

test('a data folder is claimed once, and free again after its release', () => {
  expect(claim(dir)).toBeUndefined();
  expect(claim(dir)?.pid).toBe(process.pid);
  release(dir);
  expect(readHolder(dir)).toBeUndefined();
  expect(claim(dir)).toBeUndefined();
});

test.each([
  ['a process that is gone', { pid: 2 ** 22 + 1, start: '1' }],
  ['a process whose pid another one has now', { pid: process.pid, start: '1' }],
])('a pid file left by %s holds nothing', (_, holder) => {
  writeFileSync(dir.holder, JSON.stringify(holder));
  expect(readHolder(dir)).toBeUndefined();
  expect(claim(dir)).toBeUndefined();
  expect(readHolder(dir)).toEqual(identify(process.pid));
});

test('a pid file cut short by a machine that went down holds nothing', () => {
  writeFileSync(dir.holder, '{"pid":');
  expect(claim(dir)).toBeUndefined();
});

test("another process's claim is not released", () => {
  writeFileSync(dir.holder, JSON.stringify(identify(process.ppid)));
  release(dir);
  expect(existsSync(dir.holder)).toBe(true);
});
