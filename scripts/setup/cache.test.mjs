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

test('what is installed is not installed again', async () => {
  const install = vi.fn();
  await installOnce('tool-1', install);
  expect(await installOnce('tool-1', install)).toBe(join(folder, 'tool-1'));
  expect(install).toHaveBeenCalledTimes(1);
});

test('two that install the same at once do the work once', async () => {
  const install = vi.fn(async (target) => writeFileSync(join(target, 'program'), ''));
  await Promise.all([installOnce('tool-1', install), installOnce('tool-1', install)]);
  expect(install).toHaveBeenCalledTimes(1);
});

test('an installation that failed does not count, and what it left is gone before the next', async () => {
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
