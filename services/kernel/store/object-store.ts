import {
  BucketAlreadyOwnedByYou,
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { CycloramaError } from '../failure.ts';
import type { Config } from '../process/config.ts';
import type { Metrics } from '../process/metrics.ts';
import type { AccessKey } from './clients.ts';
import { fromListedKey } from './listed-key.ts';
import { createReads } from './read.ts';
import { createRequests, orAbsent, type StoreRequests, unquote } from './requests.ts';
import type { ListPage, ListQuery, ObjectStore, StoredObject } from './types.ts';
import { createWrite, SHA256 } from './write.ts';

/** Deadline of one request with the SDK's own retries. Requests with a body get more time, by its size. */
const REQUEST_DEADLINE_MS = 60_000;

/** Opens the store that the configuration names. Without `key`, it uses AWS's usual credential chain. */
export function createObjectStore(
  { s3, allowedBuckets }: Pick<Config, 's3' | 'allowedBuckets'>,
  metrics: Pick<Metrics, 's3Requests' | 's3Bytes'>,
  key?: AccessKey,
  requestDeadlineMs = REQUEST_DEADLINE_MS,
): ObjectStore {
  const requests = createRequests(s3, metrics, requestDeadlineMs, key);
  const { run, payer } = requests;
  const list: ObjectStore['list'] = (bucket, query, signal) => listPage(requests, bucket, query, signal);

  const head: ObjectStore['head'] = (place, signal) => {
    const command = new HeadObjectCommand({ Bucket: place.bucket, Key: place.key, ...payer });
    const look = async (): Promise<StoredObject> => {
      const found = await run('HeadObject', place, (client, options) => client.send(command, options), signal);
      return {
        key: place.key,
        sizeBytes: BigInt(found.ContentLength ?? 0),
        etag: unquote(found.ETag),
        lastModifyTime: found.LastModified,
        sha256: found.Metadata?.[SHA256],
      };
    };
    return orAbsent(look());
  };

  return {
    list,
    head,
    ...createReads(requests),
    write: createWrite(requests, s3.encryption, head),

    checkBucket(bucket) {
      if (allowedBuckets === undefined || allowedBuckets.includes(bucket)) return;
      throw new CycloramaError(
        'bucket_not_allowed',
        `bucket '${bucket}' may not be used here; expected one of ${allowedBuckets.join(', ')}`,
      );
    },

    async *listAll(bucket, prefix, signal) {
      let continuationToken: string | undefined;
      do {
        const page = await list(bucket, { prefix, continuationToken }, signal);
        yield page.objects;
        continuationToken = page.nextToken;
      } while (continuationToken !== undefined);
    },

    async remove(place, signal) {
      const command = new DeleteObjectCommand({ Bucket: place.bucket, Key: place.key, ...payer });
      await run('DeleteObject', place, (client, options) => client.send(command, options), signal);
    },

    async createBucket(bucket, signal) {
      // us-east-1 is S3's default and must not be named.
      const elsewhere = s3.region === 'us-east-1' ? undefined : (s3.region as BucketLocationConstraint);
      const command = new CreateBucketCommand({
        Bucket: bucket,
        ...(elsewhere === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: elsewhere } }),
      });
      try {
        await run('CreateBucket', { bucket, key: '' }, (client, options) => client.send(command, options), signal);
      } catch (error) {
        if ((error as Error).cause instanceof BucketAlreadyOwnedByYou) return;
        throw error;
      }
    },

    close: requests.close,
  };
}

async function listPage(
  { run, payer }: StoreRequests,
  bucket: string,
  { prefix, startAfter, continuationToken, maxKeys = 1000 }: ListQuery,
  signal?: AbortSignal,
): Promise<ListPage> {
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    MaxKeys: maxKeys,
    EncodingType: 'url',
    ...payer,
    ...(startAfter ? { StartAfter: startAfter } : {}),
    ...(continuationToken ? { ContinuationToken: continuationToken } : {}),
  });
  const place = { bucket, key: prefix };
  const page = await run('ListObjectsV2', place, (client, options) => client.send(command, options), signal);
  return {
    objects: (page.Contents ?? []).map(({ Key, Size, ETag, LastModified }) => ({
      key: fromListedKey(Key!, page.EncodingType),
      sizeBytes: BigInt(Size ?? 0),
      etag: unquote(ETag),
      lastModifyTime: LastModified,
    })),
    nextToken: page.IsTruncated ? page.NextContinuationToken : undefined,
  };
}
