import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { thrownBy } from '../../../test/support/thrown-by.ts';
import { isInventory, parseInventory, parseInventoryRow } from './inventory.ts';
import { readInventory } from './inventory-files.ts';

const NEVER = new AbortController().signal;
const URI = 's3://inventories/assets/daily/2026-01-01T00-00Z/manifest.json';
const SCHEMA = 'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass';
const MANIFEST = {
  sourceBucket: 'assets',
  destinationBucket: 'arn:aws:s3:::inventories',
  version: '2016-11-30',
  creationTimestamp: '1767225600000',
  fileFormat: 'CSV',
  fileSchema: SCHEMA,
  files: [
    { key: 'assets/daily/data/one.csv.gz', size: 1, MD5checksum: 'a' },
    { key: 'assets/daily/data/two.csv.gz', size: 1, MD5checksum: 'b' },
  ],
};
const inventory = parseInventory(JSON.stringify(MANIFEST), URI, 'inventories');

function row(key: string, { latest = 'true', deleted = 'false', etag = 'e1' } = {}): string {
  const fields = ['assets', key, 'v1', latest, deleted, deleted === 'true' ? '' : '42'];
  return [...fields, '2026-01-01T10:20:30.000Z', etag, 'STANDARD'].map((field) => `"${field}"`).join(',');
}

function storeOf(files: Record<string, string | Buffer>, manifest: object = MANIFEST): MemoryStore {
  const store = new MemoryStore();
  const put = (key: string, body: Buffer): unknown => store.objects.set(`inventories/${key}`, { body, etag: key });
  put('assets/daily/2026-01-01T00-00Z/manifest.json', Buffer.from(JSON.stringify(manifest)));
  for (const [name, text] of Object.entries(files)) {
    put(`assets/daily/data/${name}.csv.gz`, typeof text === 'string' ? gzipSync(text) : text);
  }
  return store;
}

const read = async (store: MemoryStore, suffixes: string[] = []) =>
  (await Array.fromAsync(readInventory(store, { uri: URI, suffixes }, NEVER))).flat();

test.each([
  ['s3://b/inventory/2026-01-01T00-00Z/manifest.json', true],
  ['s3://b/manifest.json', true],
  ['s3://b/manifest.txt', false],
  ['s3://b/my-manifest.json', false],
])('%s is taken for an inventory: %s', (uri, expected) => {
  expect(isInventory(uri)).toBe(expected);
});

describe('a row', () => {
  const parse = (line: string, suffixes = ['.glb']) => parseInventoryRow(line, inventory, suffixes);

  test('tells all that a listing tells', () => {
    expect(parse(row('models/a.glb'))).toEqual({
      uri: 's3://assets/models/a.glb',
      etag: 'e1',
      sizeBytes: 42n,
      lastModifyTime: new Date('2026-01-01T10:20:30Z'),
    });
  });

  test.each([
    ['a+b.glb', 'a b.glb'],
    ['a%2Bb.glb', 'a+b.glb'],
    ['a%20b.glb', 'a b.glb'],
    ['%2525.glb', '%25.glb'],
    ['r%C3%A4um/%22x%22%2C.glb', 'räum/"x",.glb'],
    ['line%0Aend.glb', 'line\nend.glb'],
  ])('with the key %j means %j', (encoded, key) => {
    expect(parse(row(encoded))?.uri).toBe(`s3://assets/${key}`);
  });

  test.each([
    ['another suffix', row('a.txt')],
    ['an older version', row('a.glb', { latest: 'false' })],
    ['a delete marker', row('a.glb', { deleted: 'true' })],
    ['a folder mark', row('a.glb/')],
    ['a file of ours', row('out/_cyclorama/records/a.glb')],
  ])('of %s is passed over', (_, line) => {
    expect(parse(line)).toBeUndefined();
  });

  test('without columns for size and ETag leaves both to be looked up', () => {
    const short = parseInventory(JSON.stringify({ ...MANIFEST, fileSchema: 'Bucket, Key, Size' }), URI, 'inventories');
    expect(parseInventoryRow('"assets","a.glb","42"', short, ['.glb'])).toMatchObject({
      uri: 's3://assets/a.glb',
      etag: '',
      sizeBytes: 0n,
    });
  });

  test('may leave quotes away and double those in it', () => {
    const line = row('a.glb').replaceAll('"', '').replace('e1', '"""e1"""');
    expect(parse(line)).toMatchObject({ etag: 'e1', sizeBytes: 42n });
  });
});

describe('the manifest of an inventory is refused', () => {
  test.each([
    [{ fileFormat: 'Parquet' }, /is in Parquet; expected one in CSV/],
    [{ fileFormat: 'ORC' }, /is in ORC; expected one in CSV/],
    [
      { destinationBucket: 'arn:aws:s3:::elsewhere' },
      /files in 'arn:aws:s3:::elsewhere'; expected them in 'inventories'/,
    ],
    [{ fileSchema: 'Bucket, Size' }, /expected Key among them/],
    [{ files: undefined, sourceBucket: '' }, /lacks 'sourceBucket', 'files'/],
  ])('with %j', (change, message) => {
    const text = JSON.stringify({ ...MANIFEST, ...change });
    expect(thrownBy(() => parseInventory(text, URI, 'inventories'))).toMatchObject({
      reason: 'manifest_invalid',
      message: expect.stringMatching(message),
    });
  });

  test.each(['s3://bucket/a.glb\n', '[]', 'null'])('that says %j', (text) => {
    expect(thrownBy(() => parseInventory(text, URI, 'inventories'))).toMatchObject({ reason: 'manifest_invalid' });
  });
});

describe('an inventory', () => {
  test('gives the assets of all its files, each once', async () => {
    const one = [row('a.glb'), row('b.GLB'), row('c.obj'), ''].join('\n');
    const two = [row('d.glb'), row('a.glb')].join('\r\n');
    const uris = (await read(storeOf({ one, two }))).map(({ uri }) => uri);
    expect(uris).toEqual(['s3://assets/a.glb', 's3://assets/b.GLB', 's3://assets/d.glb']);
    expect((await read(storeOf({ one, two }), ['.OBJ'])).map(({ uri }) => uri)).toEqual(['s3://assets/c.obj']);
  });

  test('is read in windows, keys that lie across two of them included', async () => {
    const keys = Array.from({ length: 40_000 }, (_, n) => `${'%C3%B6'.repeat(10)}${n}.glb`);
    const one = gzipSync(keys.map((key) => row(key)).join('\n'), { level: 0 });
    const store = storeOf({ one, two: '' });
    let reads = 0;
    store.fault = (op, { key }) => {
      if (op === 'read' && key.endsWith('one.csv.gz')) reads++;
    };
    expect((await read(store)).map(({ uri }) => uri)).toEqual(keys.map((key) => `s3://assets/${decodeURI(key)}`));
    expect(reads).toBeGreaterThan(1);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['is not packed', Buffer.from(row('a.glb')), /one\.csv\.gz', a file of an inventory/],
    ['breaks off', gzipSync(row('a.glb')).subarray(0, -9), /unexpected end of file/],
    ['holds a key that is not encoded', [row('a.glb'), row('100%.glb')].join('\n'), /row 2/],
    ['holds a size that is none', row('a.glb').replace('42', 'large'), /row 1/],
    ['holds a date that is none', row('a.glb').replace('2026-01-01T', 'yesterday '), /row 1: .* is no date/],
    ['holds an open quote', '"assets","a.glb', /row 1/],
  ])('of which a file %s is refused', async (_, one, message) => {
    const refused = { reason: 'manifest_invalid', message: expect.stringMatching(message) };
    await expect(read(storeOf({ one, two: '' }))).rejects.toMatchObject(refused);
  });

  test('that is not there, or of which a file is not, is told as missing', async () => {
    await expect(read(new MemoryStore())).rejects.toMatchObject({ reason: 'asset_not_found' });
    const lacking = { reason: 'asset_not_found', message: expect.stringContaining('two.csv.gz') };
    await expect(read(storeOf({ one: row('a.glb') }))).rejects.toMatchObject(lacking);
  });

  test('a trouble of the store stays what it is', async () => {
    const store = storeOf({ one: row('a.glb'), two: '' });
    const broken = new Error('the line is dead');
    store.fault = (op, { key }) => {
      if (op === 'read' && key.endsWith('two.csv.gz')) throw broken;
    };
    await expect(read(store)).rejects.toBe(broken);
  });
});
