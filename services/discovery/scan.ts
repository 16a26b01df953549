import { CycloramaError } from '../kernel/failure.ts';
import { isAsset } from '../kernel/suffixes.ts';
import type { ListStore } from './list-page.ts';

/** Reads all assets after a key, in one batch per listing page that has any. Holds only that page in memory. */
export async function* scan<Stored extends { key: string }>(
  list: ListStore<Stored>,
  suffixes: string[],
  startAfter: string,
  limit: number,
): AsyncGenerator<Stored[]> {
  let left = limit;
  let from: Parameters<typeof list>[0] = startAfter === '' ? {} : { startAfter };
  while (left > 0) {
    const page = await list(from);
    if (page === 'token refused')
      throw new CycloramaError('store_unavailable', 'the store refused its own fresh token');
    const assets = page.objects.filter(({ key }) => isAsset(key, suffixes)).slice(0, left);
    left -= assets.length;
    if (assets.length > 0) yield assets;
    if (page.nextToken === undefined) return;
    from = { continuationToken: page.nextToken };
  }
}
