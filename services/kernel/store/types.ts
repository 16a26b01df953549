import type { S3Place } from '../uri.ts';
import type { Content } from './content.ts';

/** An object as a listing or HEAD shows it. The ETag is without quotes. */
export interface StoredObject {
  key: string;
  sizeBytes: bigint;
  etag: string;
  lastModifyTime: Date | undefined;
  /** SHA-256 of the content, as ETags need not be hashes. Only HEAD returns it, and only for objects that we wrote. */
  sha256?: string | undefined;
}

/** Bytes of an object from `start` to before `end`; reading them fails with precondition_failed if the ETag differs. */
export interface ByteRange {
  start: number;
  end: number;
  etag: string;
}

/** Selects the page of a bucket to list. */
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
  /** Throws bucket_not_allowed unless the configuration allows the bucket. */
  checkBucket(bucket: string): void;
  list(bucket: string, query: ListQuery, signal?: AbortSignal): Promise<ListPage>;
  /** Lists a whole prefix page by page. */
  listAll(bucket: string, prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject[]>;
  /** Returns undefined if there is no such object. */
  head(place: S3Place, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * Reads a small object, or a range of an unchanged one; undefined if there is none.
   * Throws asset_too_large if it has more than `maxBytes`.
   */
  read(
    place: S3Place,
    maxBytes: number,
    signal?: AbortSignal,
    range?: ByteRange,
  ): Promise<{ body: Buffer; etag: string } | undefined>;
  /**
   * Streams a whole object into a file; throws asset_changed if its ETag is not the expected one.
   * The deadline follows from `expectedBytes`, else from `maxBytes`.
   */
  download(
    place: S3Place,
    path: string,
    options: { etag?: string; maxBytes: number; expectedBytes?: number },
    signal?: AbortSignal,
  ): Promise<{ sizeBytes: number; etag: string; sha256: string }>;
  /** Writes an object; throws precondition_failed if the condition does not hold. */
  write(
    place: S3Place,
    content: Content,
    options: { condition: WriteCondition; contentType: string },
    signal?: AbortSignal,
  ): Promise<{ sizeBytes: number; etag: string; sha256: string }>;
  remove(place: S3Place, signal?: AbortSignal): Promise<void>;
  /** Creates a bucket; does nothing if we own it already. */
  createBucket(bucket: string, signal?: AbortSignal): Promise<void>;
  close(): void;
}
