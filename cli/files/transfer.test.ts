import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Content } from '../../services/kernel/store/content.ts';
import type { StoredObject } from '../../services/kernel/store/types.ts';
import type { S3Place } from '../../services/kernel/uri.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { listFiles } from './folder.ts';
import { getObjects, listObjects, putFiles } from './transfer.ts';

const folder = temporaryFolder();
const signal = new AbortController().signal;
const place = { bucket: 'bucket', key: 'p/' };

const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');

/** A bucket in memory, which holds any key; encrypted, its ETags are no hashes of the content. */
function memoryStore(contents: Record<string, string>, encrypted = false) {
  const objects = new Map(Object.entries(contents));
  const described = (key: string): StoredObject => ({
    key,
    sizeBytes: BigInt(objects.get(key)!.length),
    etag: hash('md5', (encrypted ? 'secret' : '') + objects.get(key)!),
    lastModifyTime: undefined,
  });
  return {
    objects,
    async *listAll(_: string, prefix: string) {
      yield [...objects.keys()].filter((key) => key.startsWith(prefix)).map(described);
    },
    async head({ key }: S3Place) {
      return { ...described(key), ...(encrypted ? { sha256: hash('sha256', objects.get(key)!) } : {}) };
    },
    async download({ key }: S3Place, path: string) {
      await writeFile(path, objects.get(key)!);
      return { sizeBytes: objects.get(key)!.length, etag: described(key).etag, sha256: '' };
    },
    async write({ key }: S3Place, content: Content) {
      objects.set(key, await readFile((content as { path: string }).path, 'utf8'));
      return { sizeBytes: 0, etag: '', sha256: '' };
    },
  };
}

function listen() {
  const files: string[] = [];
  const refused: string[] = [];
  const listener = {
    onFile: ({ uri, outcome }: { uri: string; outcome: string }) => files.push(`${outcome} ${uri}`),
    onRefused: (uri: string) => refused.push(uri),
  };
  return { files, refused, listener };
}

async function get(store: ReturnType<typeof memoryStore>, dir: string) {
  const heard = listen();
  await getObjects(store, listObjects(store, place, signal), place, dir, heard.listener, signal);
  return heard;
}

describe('fetching a folder', () => {
  it('writes every object below the prefix to its own path', async () => {
    const store = memoryStore({ 'p/a.glb': 'a', 'p/sub/b c.glb': 'b', 'p/sub/': '', 'q/no': 'x' });
    await get(store, folder());
    expect(await readFile(join(folder(), 'a.glb'), 'utf8')).toBe('a');
    expect(await readFile(join(folder(), 'sub/b c.glb'), 'utf8')).toBe('b');
    expect((await readdir(folder(), { recursive: true })).toSorted()).toEqual(['a.glb', 'sub', 'sub/b c.glb']);
  });

  it('refuses keys that lead out of the folder, and fetches the others', async () => {
    const inside = join(folder(), 'inside');
    const store = memoryStore({ 'p/../evil': 'e', 'p//etc/evil': 'e', 'p/x/../../evil': 'e', 'p/good': 'g' });
    const { files, refused } = await get(store, inside);
    expect(refused.toSorted()).toEqual([
      's3://bucket/p/../evil',
      's3://bucket/p//etc/evil',
      's3://bucket/p/x/../../evil',
    ]);
    expect(files).toEqual(['copied s3://bucket/p/good']);
    expect(await readdir(folder(), { recursive: true })).toEqual(['inside', 'inside/good']);
  });

  it('refuses to follow a link out of the folder and replaces a file that is a link', async () => {
    const inside = join(folder(), 'inside');
    await mkdir(inside);
    await mkdir(join(folder(), 'outside'));
    await writeFile(join(folder(), 'outside/precious'), 'kept');
    await symlink(join(folder(), 'outside'), join(inside, 'link'));
    await symlink(join(folder(), 'outside/precious'), join(inside, 'file'));
    const { refused } = await get(memoryStore({ 'p/link/evil': 'e', 'p/file': 'new' }), inside);
    expect(refused).toEqual(['s3://bucket/p/link/evil']);
    expect(await readdir(join(folder(), 'outside'))).toEqual(['precious']);
    expect(await readFile(join(folder(), 'outside/precious'), 'utf8')).toBe('kept');
    expect(await readFile(join(inside, 'file'), 'utf8')).toBe('new');
  });

  it.each([false, true])('fetches nothing twice (encrypted: %s)', async (encrypted) => {
    const store = memoryStore({ 'p/a.glb': 'a' }, encrypted);
    await get(store, folder());
    expect((await get(store, folder())).files).toEqual(['unchanged s3://bucket/p/a.glb']);
  });

  it('leaves no half file behind when a download breaks', async () => {
    const store = memoryStore({ 'p/a.glb': 'a' });
    const broken = {
      ...store,
      async download(_: S3Place, path: string): Promise<never> {
        await writeFile(path, 'half');
        throw new Error('the line is dead');
      },
    };
    const heard = listen();
    const objects = listObjects(store, place, signal);
    await expect(getObjects(broken, objects, place, folder(), heard.listener, signal)).rejects.toThrow('dead');
    expect(await readdir(folder())).toEqual([]);
  });
});

describe('sending a folder', () => {
  it('sends again what no hash vouches for', async () => {
    await writeFile(join(folder(), 'a'), 'same');
    const store = memoryStore({ 'p/a': 'same' }, true);
    const { files, listener } = listen();
    const unhashed = { ...store, head: async () => undefined };
    await putFiles(unhashed, listFiles(folder()), place, listener, signal);
    expect(files).toEqual(['copied s3://bucket/p/a']);
  });

  it.each([false, true])('sends what is new or changed and nothing else (encrypted: %s)', async (encrypted) => {
    await mkdir(join(folder(), 'sub'));
    for (const name of ['same', 'changed', 'sub/new']) await writeFile(join(folder(), name), name);
    const store = memoryStore({ 'p/same': 'same', 'p/changed': 'CHANGED' }, encrypted);
    const { files, listener } = listen();
    await putFiles(store, listFiles(folder()), place, listener, signal);
    expect(files.toSorted()).toEqual([
      'copied s3://bucket/p/changed',
      'copied s3://bucket/p/sub/new',
      'unchanged s3://bucket/p/same',
    ]);
    expect(Object.fromEntries(store.objects)).toEqual({
      'p/same': 'same',
      'p/changed': 'changed',
      'p/sub/new': 'sub/new',
    });
  });
});
