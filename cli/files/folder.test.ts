import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOfFile, listFiles, prepareTarget, refuseName } from './folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cyclorama-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('names of files', () => {
  it.each(['a.glb', 'a/b c/ü.glb', '..a/b..', '.hidden', 'a\\b'])('%j may be a file', (name) => {
    expect(refuseName(name)).toBeUndefined();
  });

  it.each(['..', '../a', 'a/../../b', '/etc/passwd', 'a//b', './a', 'a/./b', '', 'a\0b'])('%j is refused', (name) => {
    expect(refuseName(name)).toBeDefined();
  });
});

describe('targets below a folder', () => {
  it('get their folders', async () => {
    const target = await prepareTarget(folder, 'a/b/c.glb');
    await writeFile(target, 'x');
    expect(target).toBe(join(folder, 'a/b/c.glb'));
  });

  it('are refused behind a link that leads out, and nothing is made there', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'cyclorama-outside-'));
    await symlink(outside, join(folder, 'link'));
    await expect(prepareTarget(folder, 'link/deep/c.glb')).rejects.toThrow('leads out of');
    expect(await Array.fromAsync(listFiles(outside))).toEqual([]);
    await rm(outside, { recursive: true });
  });

  it('may lie behind a link that stays inside', async () => {
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    expect(await prepareTarget(folder, 'link/c.glb')).toBe(join(folder, 'link/c.glb'));
  });
});

describe('files of a folder', () => {
  it('are named below it, links to files followed, links to nothing and to folders passed over', async () => {
    await mkdir(join(folder, 'sub/dir'), { recursive: true });
    await writeFile(join(folder, 'sub/dir/b.glb'), 'bb');
    await writeFile(join(folder, 'a.glb'), 'a');
    await symlink(join(folder, 'a.glb'), join(folder, 'link.glb'));
    await symlink(join(folder, 'nothing'), join(folder, 'dangling'));
    await symlink(folder, join(folder, 'sub/loop'));
    const files = await Array.fromAsync(listFiles(folder));
    expect(files.map(({ name, sizeBytes }) => [name, sizeBytes]).toSorted()).toEqual([
      ['a.glb', 1],
      ['link.glb', 1],
      ['sub/dir/b.glb', 2],
    ]);
  });

  it('are the file alone where the path is one', async () => {
    await writeFile(join(folder, 'a.glb'), 'a');
    expect(await Array.fromAsync(listFiles(join(folder, 'a.glb')))).toEqual([
      { path: join(folder, 'a.glb'), name: 'a.glb', sizeBytes: 1 },
    ]);
  });

  it('have the MD5 that S3 has as ETag', async () => {
    await writeFile(join(folder, 'a'), 'hello');
    expect(await hashOfFile(join(folder, 'a'), 'md5')).toBe('5d41402abc4b2a76b9719d911017c592');
  });
});
