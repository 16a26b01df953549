import { CycloramaError } from '../kernel/failure.ts';
import { isAsset } from '../kernel/suffixes.ts';
import { compareKeys, isSorted } from './key-order.ts';
import type { PagePosition } from './page-token.ts';

/** Listing pages that one call reads at most, so that a filter that matches little cannot hold a call for long. */
const MAX_STORE_PAGES = 10;

/** The store's listing: from a token of its own, else behind a key, else from the start. */
export type ListStore<Stored> = (from: {
  continuationToken?: string;
  startAfter?: string;
}) => Promise<{ objects: Stored[]; nextToken: string | undefined } | 'token refused'>;

/** One page of assets, and where the next one begins. */
export interface AssetPage<Stored> {
  objects: Stored[];
  next: PagePosition | undefined;
}

/**
 * Reads one page of at most `pageSize` assets from a position.
 *
 * A position holds the store's own token, which is right on every store, and the last key: where the store refuses the
 * token (they expire), listing goes on behind that key, which is right on stores that list in key order. On one that was
 * seen not to, the caller has to start again: silently losing assets would be worse.
 */
export async function listPage<Stored extends { key: string }>(
  list: ListStore<Stored>,
  suffixes: string[],
  pageSize: number,
  from: PagePosition,
): Promise<AssetPage<Stored>> {
  const found: Stored[] = [];
  let at = from;
  for (let pages = 0; pages < MAX_STORE_PAGES; pages++) {
    const page = await readStorePage(list, at);
    const keys = page.objects.map(({ key }) => key);
    const unsorted = at.unsorted || !isSorted(keys, at.within ? '' : at.lastKey);
    // In order, whatever is not above the last key was seen. Without one, the last key's place on its page tells; where
    // it was deleted since, the page is read again: rather twice than never.
    const fresh = unsorted
      ? page.objects.slice(at.within ? keys.indexOf(at.lastKey) + 1 : 0)
      : page.objects.filter(({ key }) => compareKeys(key, from.lastKey) > 0);
    const assets = fresh.filter(({ key }) => isAsset(key, suffixes));

    const room = pageSize - found.length;
    found.push(...assets.slice(0, room));
    if (assets.length > room) {
      const lastKey = found.at(-1)!.key;
      return { objects: found, next: { storeToken: page.storeToken, lastKey, within: true, unsorted } };
    }
    if (page.nextToken === undefined) return { objects: found, next: undefined };
    at = { storeToken: page.nextToken, lastKey: keys.at(-1) ?? at.lastKey, within: false, unsorted };
    if (found.length === pageSize) break;
  }
  return { objects: found, next: at };
}

async function readStorePage<Stored>(list: ListStore<Stored>, at: PagePosition) {
  const { storeToken, lastKey, unsorted } = at;
  const page = await list(storeToken === '' ? {} : { continuationToken: storeToken });
  if (page !== 'token refused') return { ...page, storeToken };
  if (unsorted) {
    throw new CycloramaError(
      'invalid_page_token',
      'the store has forgotten this listing and keeps no key order to go on by; start again without page_token',
    );
  }
  const again = await list({ startAfter: lastKey });
  if (again === 'token refused')
    throw new CycloramaError('internal', 'a listing without a token was refused for its token');
  return { ...again, storeToken };
}
