import { createHash } from 'node:crypto';
import { CycloramaError } from './failure.ts';

const VERSION = 1;
const SUM_BYTES = 12;

/**
 * Writes a position as an opaque, URL-safe token that is valid only for the same request.
 * The checksum is no secret, because a token gives no rights. It catches garbage: some stores answer a garbage token
 * with an empty page, and the listing would seem to end.
 */
export function formatToken(position: readonly unknown[], requestKey: string): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([Buffer.of(VERSION), checksum(body, requestKey), body]).toString('base64url');
}

/** Reads a token; throws invalid_page_token unless formatToken made it for the same request. */
export function parseToken(token: string, requestKey: string): unknown[] {
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(1 + SUM_BYTES);
  const genuine =
    bytes.toString('base64url') === token &&
    bytes[0] === VERSION &&
    bytes.subarray(1, 1 + SUM_BYTES).equals(checksum(body, requestKey));
  if (!genuine) {
    throw new CycloramaError(
      'invalid_page_token',
      'page_token is unknown or belongs to another request; expected next_page_token of the previous page',
      {
        violations: [{ field: 'page_token', description: 'is not next_page_token of a page of the same request' }],
      },
    );
  }
  return JSON.parse(body.toString('utf8')) as unknown[];
}

function checksum(body: Buffer, requestKey: string): Buffer {
  return createHash('sha256').update(requestKey).update('\0').update(body).digest().subarray(0, SUM_BYTES);
}

/**
 * Returns the page size to use: the default for 0, at most the maximum.
 * The caller must have refused negative sizes.
 */
export function pageSizeOf(asked: number, byDefault: number, maximum: number): number {
  return asked === 0 ? byDefault : Math.min(asked, maximum);
}
