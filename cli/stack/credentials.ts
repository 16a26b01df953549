import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { DataDir } from './data-dir.ts';

/** The key of the local S3 server. */
export interface S3Key {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Reads the data folder's S3 key, or creates it the first time. */
export function readOrCreateKey(dir: DataDir): S3Key {
  try {
    return JSON.parse(readFileSync(dir.credentials, 'utf8')) as S3Key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = { accessKeyId: 'cyclorama', secretAccessKey: randomBytes(24).toString('hex') };
  writeFileSync(dir.credentials, `${JSON.stringify(key, null, 2)}\n`, { mode: 0o600 });
  return key;
}
