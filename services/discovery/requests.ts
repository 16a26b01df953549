import type { ListAssetsRequest, ScanAssetsRequest } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { CycloramaError, type FieldViolation, invalidRequest } from '../kernel/failure.ts';
import { checkSuffixes, toSuffixes } from '../kernel/suffixes.ts';
import { parseS3Uri, type S3Place } from '../kernel/uri.ts';

const MAX_PAGE_SIZE = 1_000;
const MAX_KEY_BYTES = 1_024;

/** A query for all keys below a prefix that have one of the suffixes. */
export interface Query {
  place: S3Place;
  suffixes: string[];
}

/** Checks a ListAssets request; throws invalid_request with every wrong field. */
export function parseListRequest(request: ListAssetsRequest): Query & { pageSize: number } {
  const violations: FieldViolation[] = [];
  if (request.pageSize < 0) {
    violations.push({ field: 'page_size', description: `is ${request.pageSize}; expected 0 (for 1,000) or more` });
  }
  return { ...parseQuery(request, violations), pageSize: Math.min(request.pageSize || MAX_PAGE_SIZE, MAX_PAGE_SIZE) };
}

/** Checks a ScanAssets request; throws invalid_request with every wrong field. */
export function parseScanRequest(request: ScanAssetsRequest): Query & { startAfter: string; limit: number } {
  const violations: FieldViolation[] = [];
  if (request.limit < 0n) {
    violations.push({ field: 'limit', description: `is ${request.limit}; expected 0 (for all) or more` });
  }
  if (Buffer.byteLength(request.startAfter) > MAX_KEY_BYTES) {
    violations.push({ field: 'start_after', description: `is over ${MAX_KEY_BYTES} bytes, which no key is` });
  }
  const limit = request.limit === 0n ? Number.POSITIVE_INFINITY : Number(request.limit);
  return { ...parseQuery(request, violations), startAfter: request.startAfter, limit };
}

/** Names the fields that must stay the same from page to page. */
export function toRequestKey({ place, suffixes }: Query): string {
  return JSON.stringify([place.bucket, place.key, suffixes]);
}

function parseQuery(request: { prefixUri: string; suffixes: string[] }, violations: FieldViolation[]): Query {
  violations.push(...checkSuffixes(request.suffixes));
  let place: S3Place | undefined;
  try {
    place = parseS3Uri(request.prefixUri, 'prefix_uri');
  } catch (error) {
    if (!(error instanceof CycloramaError)) throw error;
    violations.unshift(...(error.detail.violations ?? []));
  }
  if (!place || violations.length > 0) throw invalidRequest(...violations);
  return { place, suffixes: toSuffixes(request.suffixes) };
}
