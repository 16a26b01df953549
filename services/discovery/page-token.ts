import { formatToken, parseToken } from '../kernel/page-token.ts';

/** The position of the next page of a listing. */
export interface PagePosition {
  /** The store's token of the listing page to read; empty for the first page. */
  storeToken: string;
  /** The last key that was read. */
  lastKey: string;
  /** Says whether lastKey is on the listing page to read; reading then continues after it. */
  within: boolean;
  /** Says whether the store has listed keys out of order. */
  unsorted: boolean;
}

/** Writes a position as a token that is valid only for the same request. */
export function formatPageToken({ storeToken, lastKey, within, unsorted }: PagePosition, requestKey: string): string {
  return formatToken([storeToken, lastKey, within, unsorted], requestKey);
}

/** Reads a token; throws invalid_page_token unless it was made for the same request. */
export function parsePageToken(token: string, requestKey: string): PagePosition {
  const [storeToken, lastKey, within, unsorted] = parseToken(token, requestKey) as [string, string, boolean, boolean];
  return { storeToken, lastKey, within, unsorted };
}
