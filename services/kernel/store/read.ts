import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, type GetObjectCommandInput } from '@aws-sdk/client-s3';
import { CycloramaError } from '../failure.ts';
import type { S3Place } from '../uri.ts';
import { orAbsent, type StoreRequests, unquote } from './requests.ts';
import type { ObjectStore } from './types.ts';

/** Reads objects: small ones into memory, large ones into files. */
export function createReads({ run, payer, metrics }: StoreRequests): Pick<ObjectStore, 'read' | 'download'> {
  /** Requests an object and passes its body to `take`; refuses one of more than `maxBytes`. */
  function get<T>(
    place: S3Place,
    part: Partial<GetObjectCommandInput>,
    [maxBytes, expectedBytes]: [number, number],
    take: (body: Readable, found: { sizeBytes: number; etag: string }, signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const command = new GetObjectCommand({ Bucket: place.bucket, Key: place.key, ...payer, ...part });
    return run(
      'GetObject',
      place,
      async (client, options) => {
        const { Body, ContentLength: sizeBytes = 0, ETag } = await client.send(command, options);
        const body = Body as Readable;
        if (sizeBytes > maxBytes) {
          body.destroy();
          throw new CycloramaError(
            'asset_too_large',
            `'${place.key}' has ${sizeBytes} bytes; expected at most ${maxBytes}`,
          );
        }
        const taken = await take(body, { sizeBytes, etag: unquote(ETag) }, options.abortSignal);
        metrics.s3Bytes.inc({ direction: 'in' }, sizeBytes);
        return taken;
      },
      signal,
      expectedBytes,
    );
  }

  return {
    read(place, maxBytes, signal, range) {
      const part = range && {
        Range: `bytes=${range.start}-${range.end - 1}`,
        ...(range.etag === '' ? {} : { IfMatch: `"${range.etag}"` }),
      };
      const take = async (stream: Readable, { etag }: { etag: string }) => {
        const chunks = stream.on('error', () => stream.destroy()) as AsyncIterable<Buffer>;
        return { body: Buffer.concat(await Array.fromAsync(chunks)), etag };
      };
      return orAbsent(get(place, part ?? {}, [maxBytes, 0], take, signal));
    },

    async download(place, path, { etag, maxBytes, expectedBytes = maxBytes }, signal) {
      const part = etag ? { IfMatch: `"${etag}"` } : {};
      try {
        return await get(
          place,
          part,
          [maxBytes, expectedBytes],
          async (body, found, bounded) => ({
            ...found,
            sha256: await toFile(body, path, place, found.sizeBytes, bounded),
          }),
          signal,
        );
      } catch (error) {
        if (!(error instanceof CycloramaError) || error.reason !== 'precondition_failed') throw error;
        throw new CycloramaError(
          'asset_changed',
          `'${place.key}' is not the object that was listed (ETag ${etag}); a new job takes the new content`,
          { cause: error },
        );
      }
    },
  };
}

/** Streams a body into a file and returns its SHA-256; throws if the body ends early. */
async function toFile(
  body: Readable,
  path: string,
  place: S3Place,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<string> {
  let seen = 0;
  const hash = createHash('sha256');
  body.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    hash.update(chunk);
  });
  await pipeline(body, createWriteStream(path), { signal });
  if (seen !== sizeBytes)
    throw new CycloramaError('store_unavailable', `'${place.key}' broke off after ${seen} of ${sizeBytes} bytes`);
  return hash.digest('hex');
}
