import { createHash } from 'node:crypto';
import { CycloramaError } from '../kernel/failure.ts';

/** Where the next page of a listing begins. */
export interface PagePosition {
  /** The store's token of the listing page to read, empty for the first one. */
  storeToken: string;
  /** The last key that was looked at. */
  lastKey: string;
  /** Whether lastKey lies on the listing page to read, so that reading goes on behind it. */
  within: boolean;
  /** Whether the store was seen to list out of key order. */
  unsorted: boolean;
}

const VERSION = 1;
const SUM_BYTES = 12;

/**
 * Writes a position as an opaque, URL-safe token that is good for the same request only.
 * The checksum is no secret (a token gives no rights): it catches garbage, which some stores answer with an empty
 * page, so that a listing would seem to end.
 */
export function formatPageToken(position: PagePosition, requestKey: string): string {
  const { storeToken, lastKey, within, unsorted } = position;
  const body = Buffer.from(JSON.stringify([storeToken, lastKey, within, unsorted]));
  return Buffer.concat([Buffer.from([VERSION]), checksum(body, requestKey), body]).toString('base64url');
}

/** Reads a token; throws invalid_page_token unless it was made by formatPageToken for the same request. */
export function parsePageToken(token: string, requestKey: string): PagePosition {
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(1 + SUM_BYTES);
  const genuine =
    bytes.toString('base64url') === token &&
    bytes[0] === VERSION &&
    bytes.subarray(1, 1 + SUM_BYTES).equals(checksum(body, requestKey));
  if (!genuine) {
    throw new CycloramaError(
      'invalid_page_token',
      'page_token is not one of ours or belongs to another prefix_uri or suffixes; expected next_page_token of the page before, and the same request',
      { violations: [{ field: 'page_token', description: 'is not next_page_token of a page of the same request' }] },
    );
  }
  const [storeToken, lastKey, within, unsorted] = JSON.parse(body.toString('utf8')) as [
    string,
    string,
    boolean,
    boolean,
  ];
  return { storeToken, lastKey, within, unsorted };
}

function checksum(body: Buffer, requestKey: string): Buffer {
  return createHash('sha256').update(requestKey).update('\0').update(body).digest().subarray(0, SUM_BYTES);
}
