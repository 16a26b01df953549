import { createHash } from 'node:crypto';
import type { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';

/** 128 bits of SHA-256 in hex: 32 digits. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Identity of an asset within jobs, records and queues: a hash of its URI, 32 hex digits. */
export function toAssetId(uri: string): string {
  return shortHash(uri);
}

/** JSON with sorted keys, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** What decides whether an asset was done already, besides the asset itself. */
export interface WorkIdentity {
  operation: string;
  /** The spec as protobuf JSON, fields at their default left out. */
  spec: object;
  /** Raised by hand when the content of outputs changes. */
  recipe: number;
}

/** Hash of source content, settings and recipe, 32 hex digits. Two tasks with the same one have the same outputs. */
export function toFingerprint(asset: Asset, { operation, spec, recipe }: WorkIdentity): string {
  // Files put into a folder-backed store by hand have no ETag; then the time of change stands in.
  const version = asset.etag === '' ? (asset.lastModifyTime?.toISOString() ?? '') : asset.etag;
  return shortHash(canonicalJson([asset.uri, version, String(asset.sizeBytes), operation, spec, recipe]));
}
