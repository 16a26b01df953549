import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CycloramaError, invalidRequest } from '../../services/kernel/failure.ts';
import { parseS3Uri } from '../../services/kernel/uri.ts';

/** A source as the user wrote it: a place in a bucket, or a file or folder on this machine. */
export type SourceWord = { kind: 's3'; uri: string } | { kind: 'file' | 'folder'; path: string };

/** Tells what a word names; a URI is not looked up. */
export async function readSourceWord(word: string): Promise<SourceWord> {
  if (isS3Word(word)) return { kind: 's3', uri: word };
  const found = await stat(word).catch(({ code }: NodeJS.ErrnoException) => code);
  if (typeof found === 'object' && found.isDirectory()) return { kind: 'folder', path: word };
  if (typeof found === 'object' && found.isFile()) return { kind: 'file', path: word };
  // A pipe or a device has no end that one could wait for.
  const why = typeof found === 'object' ? 'but a pipe, a socket or a device' : `(${found})`;
  const description = `'${word}' is no file or folder here ${why}; expected s3://bucket/key, a file or a folder`;
  throw invalidRequest({ field: 'SOURCE', description });
}

/** Whether a word is meant as a place in a bucket. */
export function isS3Word(word: string): boolean {
  return /^s3:/i.test(word);
}

/** Whether a place in a bucket is meant as a prefix: `--prefix` says so, it ends with a slash, or it is a whole bucket. */
export function isPrefixWord(uri: string, prefix = false): boolean {
  return prefix || parseS3Uri(uri, 'SOURCE').key === '' || uri.endsWith('/');
}

/** Whether a word can only be a path: names of buckets have no slash and start with a letter or digit. */
export function isPathWord(word: string): boolean {
  return !isS3Word(word) && /^[.~]|\//.test(word);
}

/** Refuses a file as the folder that takes results, before there are any; a folder that is not there will be made. */
export async function checkOutputFolder(word: string | undefined, field = '--output'): Promise<void> {
  if (word === undefined || isS3Word(word)) return;
  const found = await stat(word).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw invalidRequest({ field, description: `'${word}' cannot be a folder (${error.code})` });
  });
  if (found !== undefined && !found.isDirectory())
    throw invalidRequest({ field, description: `'${word}' is a file; expected a folder` });
}

/** Refuses a folder as the file that takes a result, and a file whose folder is not there, before there is a result. */
export async function checkOutputFile(word: string): Promise<void> {
  const refuse = (why: string): CycloramaError =>
    invalidRequest({ field: '--output', description: `'${word}' ${why}; expected a file` });
  if (word === '') throw refuse('is no name');
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
  if (!(await found(dirname(word)))?.isDirectory()) throw refuse('has no folder to lie in');
}

/** The refusal of a folder as --output of a source in a bucket. */
export function folderOutput(word: string): CycloramaError {
  const description = `'${word}' is a folder; a source in a bucket has its results in one, too: expected s3://bucket/prefix/ (and npx cyclorama get)`;
  return invalidRequest({ field: '--output', description });
}

/** The refusal of an option that only a prefix in a bucket can have. */
export function needsPrefix(option: string): CycloramaError {
  const description = 'goes with what lies below a prefix of a bucket; put local files there first (npx cyclorama put)';
  return invalidRequest({ field: option, description });
}
