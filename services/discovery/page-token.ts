import { formatToken, parseToken } from '../kernel/page-token.ts';

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

/** Writes a position as a token that is good for the same request only. */
export function formatPageToken({ storeToken, lastKey, within, unsorted }: PagePosition, requestKey: string): string {
  return formatToken([storeToken, lastKey, within, unsorted], requestKey);
}

/** Reads a token; throws invalid_page_token unless it was made for the same request. */
export function parsePageToken(token: string, requestKey: string): PagePosition {
  const [storeToken, lastKey, within, unsorted] = parseToken(token, requestKey) as [string, string, boolean, boolean];
  return { storeToken, lastKey, within, unsorted };
}
