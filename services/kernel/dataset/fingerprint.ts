import { createHash } from 'node:crypto';
import type { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';

/** Hashes a text to 128 bits of SHA-256, as 32 hex digits. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Returns the id of an asset in jobs, records and queues: a hash of its URI, 32 hex digits. */
export function toAssetId(uri: string): string {
  return shortHash(uri);
}

/** Writes JSON with sorted keys, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** The operation and settings that, with the asset, decide whether its work is already done. */
export interface WorkIdentity {
  operation: string;
  /** The spec as protobuf JSON, without fields at their default. */
  spec: object;
  /** Version that we raise by hand when the content of outputs changes. */
  recipe: number;
}

/** Hashes source content, settings and recipe to 32 hex digits. Tasks with equal fingerprints have equal outputs. */
export function toFingerprint(asset: Asset, { operation, spec, recipe }: WorkIdentity): string {
  // Files that somebody copied into a folder-backed store have no ETag; their time of change replaces it.
  const version = asset.etag === '' ? (asset.lastModifyTime?.toISOString() ?? '') : asset.etag;
  return shortHash(canonicalJson([asset.uri, version, String(asset.sizeBytes), operation, spec, recipe]));
}
