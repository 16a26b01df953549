import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheDir, installOnce, isInstalled } from './cache.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-cache-'));
  vi.stubEnv('CYCLORAMA_CACHE_DIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test.each([
  [{ CYCLORAMA_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
  [{ XDG_CACHE_HOME: '/b' }, '/b/cyclorama'],
])('the cache of %o is %s', (env, expected) => {
  expect(cacheDir(env)).toBe(expected);
});

test('an installed entry is not installed again', async () => {
  const install = vi.fn();
  await installOnce('tool-1', install);
  expect(await installOnce('tool-1', install)).toBe(join(folder, 'tool-1'));
  expect(install).toHaveBeenCalledTimes(1);
});

test('two concurrent installations of one entry do the work once', async () => {
  const install = vi.fn(async (target) => writeFileSync(join(target, 'program'), ''));
  await Promise.all([installOnce('tool-1', install), installOnce('tool-1', install)]);
  expect(install).toHaveBeenCalledTimes(1);
});

test('a failed installation does not count, and its files are removed before the next one', async () => {
  const failing = async (target) => {
    writeFileSync(join(target, 'half'), '');
    throw new Error('connection reset');
  };
  await expect(installOnce('tool-1', failing)).rejects.toThrow('connection reset');
  expect(isInstalled('tool-1')).toBe(false);
  const folderOfTool = await installOnce('tool-1', (target) => {
    expect(readdirSync(target)).toEqual([]);
    mkdirSync(join(target, 'bin'));
  });
  expect(existsSync(join(folderOfTool, 'bin'))).toBe(true);
  expect(isInstalled('tool-1')).toBe(true);
});
