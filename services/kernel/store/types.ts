import type { S3Place } from '../uri.ts';
import type { Content } from './content.ts';

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
