import type { S3Client } from '@aws-sdk/client-s3';
import { CycloramaError } from '../failure.ts';
import type { Config } from '../process/config.ts';
import type { Metrics } from '../process/metrics.ts';
import { pause, withTimeout } from '../signal.ts';
import { type S3Place, toS3Uri } from '../uri.ts';
import { type AccessKey, createS3Clients } from './clients.ts';
import { isDamage, isTransient, toStoreError } from './errors.ts';

/** Each byte of a body adds time to the deadline at this rate, the slowest transfer that we accept. */
const SLOWEST_BYTES_PER_MS = 100;
/** One request is tried so often, each time with the SDK's own retries. */
const MAX_TRIES = 4;

/** One try of a request, given the client of the bucket's region. */
export type Send<T> = (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>;

/** Requests to S3 with deadline, metric and typed error. */
export interface StoreRequests {
  /** Runs a request and repeats it if a later try may succeed; `bytes` is the size of its body. */
  run<T>(op: string, place: S3Place, send: Send<T>, signal?: AbortSignal, bytes?: number): Promise<T>;
  /** Parameter of every request that names who pays for it. */
  payer: { RequestPayer?: 'requester' };
  metrics: Pick<Metrics, 's3Requests' | 's3Bytes'>;
  close(): void;
}

/** Opens the clients that the configuration names. */
export function createRequests(
  s3: Config['s3'],
  metrics: StoreRequests['metrics'],
  deadlineMs: number,
  key?: AccessKey,
): StoreRequests {
  const clients = createS3Clients(s3, key);

  async function tryOnce<T>(op: string, place: S3Place, send: Send<T>, bounded: AbortSignal): Promise<T> {
    try {
      const answer = await clients.at(place.bucket, (client) => send(client, { abortSignal: bounded }));
      metrics.s3Requests.inc({ op, code: '200' });
      return answer;
    } catch (error) {
      const typed = toStoreError(error, op, place);
      metrics.s3Requests.inc({ op, code: typed.status });
      throw typed.error;
    }
  }

  return {
    // The SDK gives up early, and never repeats a request whose body broke.
    async run(op, place, send, signal, bytes = 0) {
      const limitMs = deadlineMs + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);
      for (let tries = 1; ; tries++) {
        signal?.throwIfAborted();
        try {
          return await tryOnce(op, place, send, withTimeout(limitMs, signal));
        } catch (error) {
          signal?.throwIfAborted();
          if (tries >= MAX_TRIES && isDamage(error)) throw damaged(place, error as Error);
          if (tries >= MAX_TRIES || !isTransient(error)) throw error;
          await pause(200 * 2 ** tries, signal);
        }
      }
    },
    payer: s3.requesterPays ? { RequestPayer: 'requester' } : {},
    metrics,
    close: () => clients.close(),
  };
}

/** If the checksum is wrong every time, the stored object is damaged; it stays so until somebody writes it again. */
function damaged(place: S3Place, cause: Error): CycloramaError {
  const message = `'${toS3Uri(place)}' is damaged in the store and must be written again: ${cause.message}`;
  return new CycloramaError('invalid_asset', message, { cause });
}

/** Returns an ETag without its quotes; empty if there is none. */
export function unquote(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}

/** Returns the result of a request, or undefined if there is no such object. */
export async function orAbsent<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof CycloramaError && error.reason === 'asset_not_found') return undefined;
    throw error;
  }
}
