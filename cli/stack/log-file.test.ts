import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { boundLog } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a log over the limit moves aside and goes on empty', () => {
  const file = join(folder, 'worker.log');
  writeFileSync(file, 'old lines');
  boundLog(file, 5);
  appendFileSync(file, 'new');
  expect([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['old lines', 'new']);
});

test('a log that the disk has no room to keep is cut all the same', () => {
  const file = join(folder, 'worker.log');
  writeFileSync(file, 'old lines');
  symlinkSync('/dev/full', `${file}.1`);
  boundLog(file, 5);
  expect([existsSync(`${file}.1`), readFileSync(file, 'utf8')]).toEqual([false, '']);
});

test('a log within the limit stays, and none is made where there was none', () => {
  const file = join(folder, 'worker.log');
  boundLog(file, 5);
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, 'line');
  boundLog(file, 5);
  expect(existsSync(`${file}.1`)).toBe(false);
});
