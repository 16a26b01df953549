import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  BucketAlreadyOwnedByYou,
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Config } from './config.ts';
import { type Content, describeContent } from './content.ts';
import { CycloramaError } from './failure.ts';
import { fromListedKey } from './listed-key.ts';
import type { Metrics } from './metrics.ts';
import { isTransient, toStoreError } from './object-store-errors.ts';
import { type AccessKey, createS3Clients } from './s3-clients.ts';
import { pause, withTimeout } from './signal.ts';
import type { S3Place } from './uri.ts';

/** One request and its SDK-level retries; bodies have their own limits below. */
const REQUEST_DEADLINE_MS = 60_000;
/** A transfer must go at least this fast once its first 60 seconds are over. */
const SLOWEST_BYTES_PER_MS = 100;
/** Of one request, each with the SDK's own tries. */
const MAX_TRIES = 4;
/** The name under which objects that we write carry the hash of their content. */
const SHA256 = 'sha256';

/** An object as a listing or HEAD shows it. The ETag is without quotes. */
export interface StoredObject {
  key: string;
  sizeBytes: bigint;
  etag: string;
  lastModifyTime: Date | undefined;
  /** From HEAD alone, and of objects that we wrote: the content's SHA-256, which an ETag may say nothing of. */
  sha256?: string | undefined;
}

/** Bytes of an object from `start` up to `end`, not included; precondition_failed once the object has another ETag. */
export interface ByteRange {
  start: number;
  end: number;
  etag: string;
}

/** Which page of a bucket to list. */
export interface ListQuery {
  prefix: string;
  startAfter?: string | undefined;
  continuationToken?: string | undefined;
  maxKeys?: number;
}

/** One page of a listing; no token means the end. */
export interface ListPage {
  objects: StoredObject[];
  nextToken: string | undefined;
}

/** Condition of a write: only if the object is absent, or only if it still has this ETag. */
export type WriteCondition = { ifAbsent: true } | { ifEtag: string } | 'always';

/** S3 with deadlines and typed errors. Every method honours its signal. */
export interface ObjectStore {
  /** Throws bucket_not_allowed where the configuration does not name the bucket. */
  checkBucket(bucket: string): void;
  list(bucket: string, query: ListQuery, signal?: AbortSignal): Promise<ListPage>;
  /** Lists a whole prefix page by page. */
  listAll(bucket: string, prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject[]>;
  /** Returns undefined where there is no such object. */
  head(place: S3Place, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /** Reads a small object, or a part of one that is still the same; undefined where there is none. Over maxBytes: asset_too_large. */
  read(
    place: S3Place,
    maxBytes: number,
    signal?: AbortSignal,
    range?: ByteRange,
  ): Promise<{ body: Buffer; etag: string } | undefined>;
  /**
   * Streams an object into a file, whole or not at all; asset_changed when the ETag is not the expected one.
   * The time for it follows from `expectedBytes`, or from the most there may be.
   */
  download(
    place: S3Place,
    path: string,
    options: { etag?: string; maxBytes: number; expectedBytes?: number },
    signal?: AbortSignal,
  ): Promise<{ sizeBytes: number; etag: string; sha256: string }>;
  /** Writes an object; precondition_failed when the condition does not hold. */
  write(
    place: S3Place,
    content: Content,
    options: { condition: WriteCondition; contentType: string },
    signal?: AbortSignal,
  ): Promise<{ sizeBytes: number; etag: string; sha256: string }>;
  remove(place: S3Place, signal?: AbortSignal): Promise<void>;
  /** Creates a bucket; one that we own already is left as it is. */
  createBucket(bucket: string, signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Opens the store that the configuration names, with AWS's usual credential chain unless a key is given. */
export function createObjectStore(
  config: Pick<Config, 's3' | 'allowedBuckets'>,
  metrics: Pick<Metrics, 's3Requests' | 's3Bytes'>,
  key?: AccessKey,
  requestDeadlineMs = REQUEST_DEADLINE_MS,
): ObjectStore {
  const clients = createS3Clients(config.s3, key);
  const payer = config.s3.requesterPays ? ({ RequestPayer: 'requester' } as const) : {};
  const encryption = toEncryption(config.s3.encryption);

  /** Runs one try of a request with deadline, metric and typed error. */
  async function tryOnce<T>(
    op: string,
    place: S3Place,
    send: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>,
    signal?: AbortSignal,
    deadlineMs = requestDeadlineMs,
  ): Promise<T> {
    signal?.throwIfAborted();
    const bounded = withTimeout(deadlineMs, signal);
    try {
      const answer = await clients.at(place.bucket, (client) => send(client, { abortSignal: bounded }));
      metrics.s3Requests.inc({ op, code: '200' });
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      const typed = toStoreError(error, op, place);
      metrics.s3Requests.inc({ op, code: typed.status });
      throw typed.error;
    }
  }

  /** Runs a request, again where it may well succeed later: the SDK gives up early, and repeats none whose body broke. */
  async function request<T>(...[op, place, send, signal, deadlineMs]: Parameters<typeof tryOnce<T>>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await tryOnce(op, place, send, signal, deadlineMs);
      } catch (error) {
        signal?.throwIfAborted();
        if (tries >= MAX_TRIES || !isTransient(error)) throw error;
        await pause(200 * 2 ** tries, signal);
      }
    }
  }

  const store: ObjectStore = {
    checkBucket(bucket) {
      if (config.allowedBuckets && !config.allowedBuckets.includes(bucket)) {
        throw new CycloramaError(
          'bucket_not_allowed',
          `bucket '${bucket}' may not be used here; expected one of ${config.allowedBuckets.join(', ')}`,
        );
      }
    },

    async list(bucket, { prefix, startAfter, continuationToken, maxKeys = 1000 }, signal) {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: maxKeys,
        EncodingType: 'url',
        ...payer,
        ...(startAfter ? { StartAfter: startAfter } : {}),
        ...(continuationToken ? { ContinuationToken: continuationToken } : {}),
      });
      const page = await request(
        'ListObjectsV2',
        { bucket, key: prefix },
        (client, options) => client.send(command, options),
        signal,
      );
      return {
        objects: (page.Contents ?? []).map(({ Key, Size, ETag, LastModified }) => ({
          key: fromListedKey(Key!, page.EncodingType),
          sizeBytes: BigInt(Size ?? 0),
          etag: unquote(ETag),
          lastModifyTime: LastModified,
        })),
        nextToken: page.IsTruncated ? page.NextContinuationToken : undefined,
      };
    },

    async *listAll(bucket, prefix, signal) {
      let continuationToken: string | undefined;
      do {
        const page = await store.list(bucket, { prefix, continuationToken }, signal);
        yield page.objects;
        continuationToken = page.nextToken;
      } while (continuationToken !== undefined);
    },

    async head(place, signal) {
      try {
        const command = new HeadObjectCommand({ Bucket: place.bucket, Key: place.key, ...payer });
        const found = await request('HeadObject', place, (client, options) => client.send(command, options), signal);
        return {
          key: place.key,
          sizeBytes: BigInt(found.ContentLength ?? 0),
          etag: unquote(found.ETag),
          lastModifyTime: found.LastModified,
          sha256: found.Metadata?.[SHA256],
        };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async read(place, maxBytes, signal, range) {
      const part = range && {
        Range: `bytes=${range.start}-${range.end - 1}`,
        ...(range.etag === '' ? {} : { IfMatch: `"${range.etag}"` }),
      };
      try {
        const command = new GetObjectCommand({ Bucket: place.bucket, Key: place.key, ...payer, ...part });
        return await request(
          'GetObject',
          place,
          async (client, options) => {
            const found = await client.send(command, options);
            const body = found.Body as Readable;
            if ((found.ContentLength ?? 0) > maxBytes) {
              body.destroy();
              throw new CycloramaError(
                'asset_too_large',
                `'${place.key}' has ${found.ContentLength} bytes; expected at most ${maxBytes}`,
              );
            }
            const bytes = Buffer.concat(
              await Array.fromAsync(body.on('error', () => body.destroy()) as AsyncIterable<Buffer>),
            );
            metrics.s3Bytes.inc({ direction: 'in' }, bytes.length);
            return { body: bytes, etag: unquote(found.ETag) };
          },
          signal,
        );
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    async download(place, path, { etag, maxBytes, expectedBytes = maxBytes }, signal) {
      try {
        return await request(
          'GetObject',
          place,
          async (client, options) => {
            const command = new GetObjectCommand({
              Bucket: place.bucket,
              Key: place.key,
              ...payer,
              ...(etag ? { IfMatch: `"${etag}"` } : {}),
            });
            const found = await client.send(command, options);
            const sizeBytes = found.ContentLength ?? 0;
            const body = found.Body as Readable;
            if (sizeBytes > maxBytes) {
              body.destroy();
              throw new CycloramaError(
                'asset_too_large',
                `'${place.key}' has ${sizeBytes} bytes; expected at most ${maxBytes}`,
              );
            }
            let seen = 0;
            const hash = createHash('sha256');
            body.on('data', (chunk: Buffer) => {
              seen += chunk.length;
              hash.update(chunk);
            });
            await pipeline(body, createWriteStream(path), { signal: options.abortSignal });
            if (seen !== sizeBytes) {
              throw new CycloramaError(
                'store_unavailable',
                `'${place.key}' broke off after ${seen} of ${sizeBytes} bytes`,
              );
            }
            metrics.s3Bytes.inc({ direction: 'in' }, seen);
            return { sizeBytes, etag: unquote(found.ETag), sha256: hash.digest('hex') };
          },
          signal,
          requestDeadlineMs + Math.ceil(expectedBytes / SLOWEST_BYTES_PER_MS),
        );
      } catch (error) {
        if (error instanceof CycloramaError && error.reason === 'precondition_failed') {
          throw new CycloramaError(
            'asset_changed',
            `'${place.key}' is not the object that was listed (ETag ${etag}); a new job takes the new content`,
            { cause: error },
          );
        }
        throw error;
      }
    },

    async write(place, content, { condition, contentType }, signal) {
      const { size, sha256, open } = await describeContent(content);
      try {
        return await request(
          'PutObject',
          place,
          async (client, options) => {
            const body = open();
            const command = new PutObjectCommand({
              Bucket: place.bucket,
              Key: place.key,
              Body: body,
              ContentLength: size,
              ContentType: contentType,
              Metadata: { [SHA256]: sha256 },
              ...encryption,
              ...payer,
              ...(condition === 'always'
                ? {}
                : 'ifAbsent' in condition
                  ? { IfNoneMatch: '*' }
                  : { IfMatch: `"${condition.ifEtag}"` }),
            });
            try {
              const done = await client.send(command, options);
              metrics.s3Bytes.inc({ direction: 'out' }, size);
              return { sizeBytes: size, etag: unquote(done.ETag), sha256 };
            } finally {
              // A store that refuses at once leaves the file unread and open.
              if (!Buffer.isBuffer(body)) body.destroy();
            }
          },
          signal,
          requestDeadlineMs + Math.ceil(size / SLOWEST_BYTES_PER_MS),
        );
      } catch (error) {
        if (!(error instanceof CycloramaError) || error.reason !== 'precondition_failed') throw error;
        // Perhaps by an earlier try of our own, whose answer got lost: then the object is as it should be.
        const standing = await store.head(place, signal);
        if (standing?.sha256 !== sha256) throw error;
        return { sizeBytes: size, etag: standing.etag, sha256 };
      }
    },

    async remove(place, signal) {
      const command = new DeleteObjectCommand({ Bucket: place.bucket, Key: place.key, ...payer });
      await request('DeleteObject', place, (client, options) => client.send(command, options), signal);
    },

    async createBucket(bucket, signal) {
      // us-east-1 is S3's default and must not be named.
      const elsewhere = config.s3.region === 'us-east-1' ? undefined : (config.s3.region as BucketLocationConstraint);
      const command = new CreateBucketCommand({
        Bucket: bucket,
        ...(elsewhere === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: elsewhere } }),
      });
      try {
        await request('CreateBucket', { bucket, key: '' }, (client, options) => client.send(command, options), signal);
      } catch (error) {
        if ((error as Error).cause instanceof BucketAlreadyOwnedByYou) return;
        throw error;
      }
    },

    close() {
      clients.close();
    },
  };
  return store;
}

/** What a write says about encryption; nothing where the bucket's own setting shall hold. */
function toEncryption(
  encryption: Config['s3']['encryption'],
): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
  if (encryption === undefined) return {};
  const { algorithm, kmsKeyId } = encryption;
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) };
}

function unquote(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}

function isAbsent(error: unknown): boolean {
  return error instanceof CycloramaError && error.reason === 'asset_not_found';
}
