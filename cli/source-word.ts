import { stat } from 'node:fs/promises';
import { type CycloramaError, invalidRequest } from '../services/kernel/failure.ts';

/** A source as the user wrote it: a place in a bucket, or a file or folder on this machine. */
export type SourceWord = { kind: 's3'; uri: string } | { kind: 'file' | 'folder'; path: string };

/** Tells what a word names; a URI is not looked up. */
export async function readSourceWord(word: string): Promise<SourceWord> {
  if (isS3Word(word)) return { kind: 's3', uri: word };
  try {
    return { kind: (await stat(word)).isDirectory() ? 'folder' : 'file', path: word };
  } catch (cause) {
    const description = `'${word}' is no file or folder here (${(cause as NodeJS.ErrnoException).code}); expected s3://bucket/key, a file or a folder`;
    throw invalidRequest({ field: 'SOURCE', description });
  }
}

/** Whether a word is meant as a place in a bucket. */
export function isS3Word(word: string): boolean {
  return /^s3:/i.test(word);
}

/** Whether a word can only be a path: names of buckets have no slash and start with a letter or digit. */
export function isPathWord(word: string): boolean {
  return !isS3Word(word) && /^[.~]|\//.test(word);
}

/** Refuses a file as the folder that takes results, before there are any; a folder that is not there will be made. */
export async function checkOutputFolder(word: string | undefined): Promise<void> {
  if (word === undefined || isS3Word(word)) return;
  const found = await stat(word).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw invalidRequest({ field: '--output', description: `'${word}' cannot be a folder (${error.code})` });
  });
  if (found !== undefined && !found.isDirectory())
    throw invalidRequest({ field: '--output', description: `'${word}' is a file; expected a folder` });
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
