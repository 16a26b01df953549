import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { CycloramaError } from '../failure.ts';
import type { Config } from '../process/config.ts';
import { type S3Place, toS3Uri } from '../uri.ts';
import { describeContent } from './content.ts';
import { type StoreRequests, unquote } from './requests.ts';
import type { ObjectStore, WriteCondition } from './types.ts';

/** Metadata name under which our objects carry the hash of their content. */
export const SHA256 = 'sha256';

/** Makes the function that writes objects under a condition, encrypted as the configuration says. */
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
            // If a store refuses at once, the file is still unread and open.
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
      // An earlier try of ours, whose answer got lost, may have written the object: then its hash is ours.
      const existing = await head(place, signal);
      if (existing?.sha256 !== sha256) throw error;
      return { sizeBytes: size, etag: existing.etag, sha256 };
    }
  };
}

/** Stores answer "not found" if the object of an If-Match was removed. That is a lost race, not a missing asset. */
function toGone(cause: CycloramaError, place: S3Place): CycloramaError {
  return new CycloramaError('precondition_failed', `'${toS3Uri(place)}' was removed since it was seen`, { cause });
}

function toHeaders(condition: WriteCondition): Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'> {
  if (condition === 'always') return {};
  return 'ifAbsent' in condition ? { IfNoneMatch: '*' } : { IfMatch: `"${condition.ifEtag}"` };
}

/** Returns the parameters of a write for encryption; none if the bucket's own setting applies. */
function toEncryption(
  encryption: Config['s3']['encryption'],
): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
  if (encryption === undefined) return {};
  const { algorithm, kmsKeyId } = encryption;
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) };
}
