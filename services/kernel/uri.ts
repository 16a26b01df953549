import { invalidRequest } from './failure.ts';

/** A place in a bucket. The key is written as in S3, never percent-encoded; the key of a prefix may be empty. */
export interface S3Place {
  bucket: string;
  key: string;
}

const S3_URI = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\s\S]*))?$/;
const BUCKET_NAME = '3 to 63 of a-z, 0-9, dots and hyphens, a letter or digit at both ends';
/** S3's own limit on keys, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024;

/** Parses `s3://bucket/key-or-prefix`; a refusal names the request's `field`. */
export function parseS3Uri(uri: string, field: string): S3Place {
  const match = S3_URI.exec(uri);
  if (!match) {
    const named = /^s3:\/\/([^/]+)/.exec(uri)?.[1];
    const why = named === undefined ? 's3://bucket/key' : `the name of a bucket for '${named}': ${BUCKET_NAME}`;
    throw invalidRequest({ field, description: `'${uri}' is not a place in a bucket; expected ${why}` });
  }
  const key = match[2] ?? '';
  if (!key.isWellFormed()) throw invalidRequest({ field, description: `the key of '${uri}' has half a character` });
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw invalidRequest({ field, description: `the key is over ${MAX_KEY_BYTES} bytes` });
  }
  return { bucket: match[1]!, key };
}

/** Parses the URI of a single object, whose key must not be empty. */
export function parseObjectUri(uri: string, field: string): S3Place {
  const place = parseS3Uri(uri, field);
  if (place.key === '') {
    throw invalidRequest({ field, description: `'${uri}' names a bucket; expected an object, s3://bucket/key` });
  }
  // Stores that keep objects as files answer such a name as if they were down, so we would retry for ever.
  if (place.key.includes('\0')) throw invalidRequest({ field, description: `the key of '${uri}' has a NUL character` });
  return place;
}

/** Parses the URI of a folder; adds a slash to a key that does not end with one. */
export function parseFolderUri(uri: string, field: string): S3Place {
  const place = parseS3Uri(uri, field);
  return { bucket: place.bucket, key: place.key === '' || place.key.endsWith('/') ? place.key : `${place.key}/` };
}

/** Writes a place as `s3://bucket/key`. */
export function toS3Uri({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`;
}

/**
 * Names an asset's outputs: the asset's name without its extension, unless the extension is to be kept.
 * Only a lower-case extension is dropped, because 'chair.glb' and 'chair.GLB' may lie side by side. 'chair.GLB.glb' is
 * kept whole, because without its extension it would have the name of 'chair.GLB'.
 */
export function toStem(assetName: string, keepExtension: boolean): string {
  const [extension] = (keepExtension ? null : /(?<=[^/])\.[^./A-Z]+$/.exec(assetName)) ?? [''];
  const stem = assetName.slice(0, assetName.length - extension.length);
  const isTaken = extension !== '' && stem.toLowerCase().endsWith(extension) && toStem(stem, false) === stem;
  return isTaken ? assetName : stem;
}

/** Our own folder below an output place; its files are never listed as assets. */
export const INTERNAL_FOLDER = '_cyclorama/';
