import { expect, test } from 'vitest';
import { isPathWord, readSourceWord } from './source-word.ts';

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

test('a URI is taken as it is, files and folders are looked up', async () => {
  expect(await readSourceWord('s3://b/k')).toEqual({ kind: 's3', uri: 's3://b/k' });
  expect(await readSourceWord(import.meta.filename)).toMatchObject({ kind: 'file' });
  expect(await readSourceWord(import.meta.dirname)).toMatchObject({ kind: 'folder' });
  await expect(readSourceWord('models/fox.glb')).rejects.toThrow(
    "SOURCE: 'models/fox.glb' is no file or folder here (ENOENT); expected s3://bucket/key, a file or a folder",
  );
});
