import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { CycloramaError } from '../failure.ts';
import type { Config } from '../process/config.ts';
import { type S3Place, toS3Uri } from '../uri.ts';
import { describeContent } from './content.ts';
import { type StoreRequests, unquote } from './requests.ts';
import type { ObjectStore, WriteCondition } from './types.ts';

/** The name under which objects that we write carry the hash of their content. */
export const SHA256 = 'sha256';

/** Writes objects, under a condition and encrypted as the configuration says. */
export function createWrite(
  { run, payer, metrics }: StoreRequests,
  encryption: Config['s3']['encryption'],
  head: ObjectStore['head'],
): ObjectStore['write'] {
  const encrypted = toEncryption(encryption);
  return async (place, content, { condition, contentType }, signal) => {
    const { size, sha256, open } = await describeContent(content);
    try {
      return await run(
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
            ...encrypted,
            ...payer,
            ...toHeaders(condition),
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
        size,
      );
    } catch (error) {
      if (!(error instanceof CycloramaError)) throw error;
      if (error.reason === 'asset_not_found') throw toGone(error, place);
      if (error.reason !== 'precondition_failed') throw error;
      // Perhaps by an earlier try of our own, whose answer got lost: then the object is as it should be.
      const standing = await head(place, signal);
      if (standing?.sha256 !== sha256) throw error;
      return { sizeBytes: size, etag: standing.etag, sha256 };
    }
  };
}

/** What stores say of a write under the ETag of an object that somebody removed since; it is no asset's fault. */
function toGone(cause: CycloramaError, place: S3Place): CycloramaError {
  return new CycloramaError('precondition_failed', `'${toS3Uri(place)}' was removed since it was seen`, { cause });
}

function toHeaders(condition: WriteCondition): Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'> {
  if (condition === 'always') return {};
  return 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: `"${condition.ifEtag}"` };
}

/** What a write says about encryption; nothing where the bucket's own setting shall hold. */
function toEncryption(
  encryption: Config['s3']['encryption'],
): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
  if (encryption === undefined) return {};
  const { algorithm, kmsKeyId } = encryption;
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) };
}
