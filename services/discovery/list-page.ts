import { CycloramaError } from '../kernel/failure.ts';
import { isAsset } from '../kernel/suffixes.ts';
import { compareKeys, isSorted } from './key-order.ts';
import type { PagePosition } from './page-token.ts';

/** One call reads at most so many listing pages, because a filter that matches little would make it too long. */
const MAX_STORE_PAGES = 10;

/** Lists from the store's own token, or else after a key, or else from the start. */
export type ListStore<Stored> = (from: {
  continuationToken?: string;
  startAfter?: string;
}) => Promise<{ objects: Stored[]; nextToken: string | undefined } | 'token refused'>;

/** One page of assets, and the position of the next one. */
export interface AssetPage<Stored> {
  objects: Stored[];
  next: PagePosition | undefined;
}

/**
 * Reads one page of at most `pageSize` assets from a position.
 *
 * A position holds the store's own token, which works on every store, and the last key. Tokens expire; if the store
 * refuses one, the listing continues after the last key, which is correct on stores that list in key order. If the
 * store was seen to list in another order, the caller must start again, because assets could be lost.
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
    // In key order, all keys up to the last key were seen. In another order, we go on after the place of the last key.
    // If that key was deleted meanwhile, we return the whole page again, because a repeat is better than a loss.
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
