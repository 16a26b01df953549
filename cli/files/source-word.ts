import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CycloramaError, invalidRequest } from '../../services/kernel/failure.ts';
import { parseS3Uri } from '../../services/kernel/uri.ts';

/** A source as the user wrote it: a place in a bucket, or a file or folder on this machine. */
export type SourceWord = { kind: 's3'; uri: string } | { kind: 'file' | 'folder'; path: string };

/** Finds out what a word names; it does not look up URIs. */
export async function readSourceWord(word: string): Promise<SourceWord> {
  if (isS3Word(word)) return { kind: 's3', uri: word };
  const found = await stat(word).catch(({ code }: NodeJS.ErrnoException) => code);
  if (typeof found === 'object' && found.isDirectory()) return { kind: 'folder', path: word };
  if (typeof found === 'object' && found.isFile()) return { kind: 'file', path: word };
  // A pipe or a device may never end.
  const what = typeof found === 'object' ? 'a pipe, a socket or a device' : `not a file or folder here (${found})`;
  const description = `'${word}' is ${what}; expected s3://bucket/key, a file or a folder`;
  throw invalidRequest({ field: 'SOURCE', description });
}

/** Returns whether a word is meant as a place in a bucket. */
export function isS3Word(word: string): boolean {
  return /^s3:/i.test(word);
}

/** Returns whether a URI is meant as a prefix: it is a whole bucket, it ends with a slash, or `--prefix` was given. */
export function isPrefixWord(uri: string, prefix = false): boolean {
  return prefix || parseS3Uri(uri, 'SOURCE').key === '' || uri.endsWith('/');
}

/** Returns whether a word can only be a path: names of buckets have no slash and start with a letter or digit. */
export function isPathWord(word: string): boolean {
  return !isS3Word(word) && /^[.~]|\//.test(word);
}

/** Refuses a file where results need a folder. A folder that does not exist is accepted and will be created. */
export async function checkOutputFolder(word: string | undefined, field = '--output'): Promise<void> {
  if (word === undefined || isS3Word(word)) return;
  const found = await stat(word).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw invalidRequest({ field, description: `'${word}' cannot be a folder (${error.code})` });
  });
  if (found !== undefined && !found.isDirectory())
    throw invalidRequest({ field, description: `'${word}' is a file; expected a folder` });
}

/** Refuses a folder where a result needs a file, and a file in a folder that does not exist. */
export async function checkOutputFile(word: string): Promise<void> {
  const refuse = (why: string): CycloramaError =>
    invalidRequest({ field: '--output', description: `'${word}' ${why}; expected a file` });
  if (word === '') throw refuse('is not a name');
  const found = async (path: string): Promise<Stats | undefined> => {
    try {
      return await stat(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw refuse(`cannot be written (${code})`);
    }
  };
  if ((await found(word))?.isDirectory()) throw refuse('is a folder');
  if (!(await found(dirname(word)))?.isDirectory()) throw refuse('is in a folder that does not exist');
}

/** Makes the error for a folder as --output of a source in a bucket. */
export function folderOutput(word: string): CycloramaError {
  const why = 'results of a source in a bucket go to a bucket, too';
  const expected = 'expected s3://bucket/prefix/ (fetch them with npx cyclorama get)';
  return invalidRequest({ field: '--output', description: `'${word}' is a folder; ${why}: ${expected}` });
}

/** Makes the error for an option that works only with a prefix of a bucket. */
export function needsPrefix(option: string): CycloramaError {
  const description = 'works only with a prefix of a bucket; put local files into a bucket first (npx cyclorama put)';
  return invalidRequest({ field: option, description });
}
