import { expect, test } from 'vitest';
import { checkOutputFile, checkOutputFolder, isPathWord, isPrefixWord, readSourceWord } from './source-word.ts';

test.each<[string, boolean]>([
  ['samples', false],
  ['my.bucket', false],
  ['s3://samples/a/', false],
  ['./samples', true],
  ['..', true],
  ['models/', true],
  ['/data/models', true],
])('%s can only be a path: %s', (word, expected) => {
  expect(isPathWord(word)).toBe(expected);
});

test.each<[string, boolean | undefined, boolean]>([
  ['s3://samples', undefined, true],
  ['s3://samples/', undefined, true],
  ['s3://samples/furniture/', undefined, true],
  ['s3://samples/chair.glb', undefined, false],
  ['s3://samples/furniture', true, true],
])('%s with --prefix %s is a prefix: %s', (uri, option, expected) => {
  expect(isPrefixWord(uri, option)).toBe(expected);
});

test('a URI is taken as it is, files and folders are looked up', async () => {
  expect(await readSourceWord('s3://b/k')).toEqual({ kind: 's3', uri: 's3://b/k' });
  expect(await readSourceWord(import.meta.filename)).toMatchObject({ kind: 'file' });
  expect(await readSourceWord(import.meta.dirname)).toMatchObject({ kind: 'folder' });
  await expect(readSourceWord('models/fox.glb')).rejects.toThrow(
    "SOURCE: 'models/fox.glb' is not a file or folder here (ENOENT); expected s3://bucket/key, a file or a folder",
  );
});

test('what has no end, such as a device, is no source', async () => {
  await expect(readSourceWord('/dev/null')).rejects.toThrow(
    "SOURCE: '/dev/null' is a pipe, a socket or a device; expected s3://bucket/key, a file or a folder",
  );
});

test('a result goes to a file, new or not, in a folder that is there', async () => {
  for (const word of [import.meta.filename, `${import.meta.dirname}/new.json`, 'new.json'])
    await expect(checkOutputFile(word)).resolves.toBeUndefined();
  await expect(checkOutputFile(import.meta.dirname)).rejects.toThrow(/--output: '.*' is a folder; expected a file/);
  await expect(checkOutputFile(`${import.meta.dirname}/none/new.json`)).rejects.toThrow(
    /is in a folder that does not exist/,
  );
  await expect(checkOutputFile('')).rejects.toThrow(/is not a name/);
});

test('a file takes no results; folders, new ones too, and URIs do', async () => {
  for (const word of [undefined, 's3://b/k/', import.meta.dirname, `${import.meta.dirname}/none/at/all`])
    await expect(checkOutputFolder(word)).resolves.toBeUndefined();
  await expect(checkOutputFolder(import.meta.filename)).rejects.toThrow(/--output: '.*' is a file; expected a folder/);
  await expect(checkOutputFolder(`${import.meta.filename}/x`)).rejects.toThrow(/cannot be a folder \(ENOTDIR\)/);
});
