import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Content to write: bytes in memory, or a file. */
export type Content = Buffer | string | { path: string };

/** Measures and hashes content; `open` reads it again for every attempt. */
export async function describeContent(
  content: Content,
): Promise<{ size: number; sha256: string; open: () => Buffer | Readable }> {
  const hash = createHash('sha256');
  if (typeof content === 'string' || Buffer.isBuffer(content)) {
    const bytes = Buffer.from(content);
    return { size: bytes.length, sha256: hash.update(bytes).digest('hex'), open: () => bytes };
  }
  const { size } = await stat(content.path);
  await pipeline(createReadStream(content.path), hash);
  return { size, sha256: hash.digest('hex'), open: () => createReadStream(content.path) };
}
