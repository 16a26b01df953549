import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { readManifest } from './manifest.ts';
import { createUriSet } from './uri-set.ts';

const NEVER = new AbortController().signal;
const URI = 's3://bucket/list.txt';

function storeOf(text: string): MemoryStore {
  const store = new MemoryStore();
  store.objects.set('bucket/list.txt', { body: Buffer.from(text), etag: 'first' });
  return store;
}

async function read(store: MemoryStore, filter = ''): Promise<string[]> {
  return (await Array.fromAsync(readManifest(store, { uri: URI, filter }, NEVER))).flat();
}

const row = (name: string, faces: number, outcome = 'succeeded'): string =>
  JSON.stringify({ uri: `s3://bucket/${name}`, outcome, stats: outcome === 'succeeded' ? { faces } : null });

describe('a manifest', () => {
  test('names assets a line, with empty lines and remarks between them, each once', async () => {
    const text = '# chairs\ns3://bucket/a.glb\r\n\ns3://bucket/b c.glb\ns3://bucket/a.glb\n#s3://bucket/z.glb\n';
    expect(await read(storeOf(text))).toEqual(['s3://bucket/a.glb', 's3://bucket/b c.glb']);
  });

  test('keeps spaces at the ends of a key', async () => {
    expect(await read(storeOf('s3://bucket/ a \n'))).toEqual(['s3://bucket/ a ']);
  });

  test.each(['', '\n', '# nothing\n'])('that says %j names nothing', async (text) => {
    expect(await read(storeOf(text))).toEqual([]);
  });

  test.each([
    ['s3://bucket/a.glb\n\nmodels/b.glb\n', '', /^line 3 .*models\/b.*expected s3:\/\/bucket\/key/],
    ['s3://bucket/', '', /^line 1 /],
    ['{"uri": "s3://bucket/a.glb"', '', /^line 1 .*expected a row of an index/],
    ['{"key": "a.glb"}', '', /expected a row of an index, with the field uri/],
    ['s3://bucket/a.glb\n', 'stats.faces < 5', /^line 1 .*since there is a filter/],
    [`${row('a.glb', 1)}\n`, 'stats.facse < 5', /no row of .* has the field 'stats.facse'/],
    [`${row('a.glb', 1)}\n`, 'stats.faces < 1_000', /no row of .* has text in 'stats.faces', to compare with '1_000'/],
  ])('that says %j under %j is refused', async (text, filter, message) => {
    const refused = { reason: 'manifest_invalid', message: expect.stringMatching(message) };
    await expect(read(storeOf(text), filter)).rejects.toMatchObject(refused);
  });

  test('may be an index, of which a filter takes rows', async () => {
    const store = storeOf([row('a.glb', 10), row('b.glb', 0, 'failed'), row('c.glb', 1000)].join('\n'));
    expect(await read(store)).toHaveLength(3);
    expect(await read(store, 'stats.faces < 100')).toEqual(['s3://bucket/a.glb']);
    expect(await read(store, 'outcome = failed')).toEqual(['s3://bucket/b.glb']);
  });

  test('of many megabytes is read in windows, letters that lie across two of them included', async () => {
    const uris = Array.from({ length: 60_000 }, (_, n) => `s3://bucket/${'ö'.repeat(50)}/${n}.glb`);
    const store = storeOf(uris.join('\n'));
    let reads = 0;
    store.fault = (op) => {
      if (op === 'read') reads++;
    };
    expect(await read(store)).toEqual(uris);
    expect(reads).toBe(2);
  });

  test('that is overwritten while it is read is read again, and what is new in it comes last', async () => {
    const store = storeOf(`${'s3://bucket/a.glb\n'.repeat(300_000)}s3://bucket/b.glb\n`);
    let reads = 0;
    store.fault = (op) => {
      if (op !== 'read' || ++reads !== 2) return;
      store.objects.set('bucket/list.txt', { body: Buffer.from('s3://bucket/c.glb\ns3://bucket/a.glb'), etag: 'new' });
    };
    expect(await read(store)).toEqual(['s3://bucket/a.glb', 's3://bucket/c.glb']);
  });
});

test('a set of URIs tells seen ones from new ones, however many there are', () => {
  const set = createUriSet();
  const uris = Array.from({ length: 50_000 }, (_, n) => `s3://bucket/${n}`);
  expect(uris.filter((uri) => set.add(uri))).toHaveLength(50_000);
  expect(uris.filter((uri) => set.add(uri))).toEqual([]);
  expect(set.size).toBe(50_000);
});
