import { describe, expect, test } from 'vitest';
import { type ListStore, listPage } from './list-page.ts';
import type { PagePosition } from './page-token.ts';

const START: PagePosition = { storeToken: '', lastKey: '', within: false, unsorted: false };

/** Makes a listing in pages of `size`; a token is the first key of its page. */
function storeOf(
  keys: string[],
  size: number,
  refused: (token: string) => boolean = () => false,
): ListStore<{ key: string }> {
  return async ({ continuationToken, startAfter }) => {
    if (continuationToken !== undefined && refused(continuationToken)) return 'token refused';
    const begin =
      continuationToken !== undefined
        ? keys.findIndex((key) => key >= continuationToken)
        : keys.findIndex((key) => key > (startAfter ?? ''));
    const rest = begin < 0 ? [] : keys.slice(begin);
    return { objects: rest.slice(0, size).map((key) => ({ key })), nextToken: rest[size] };
  };
}

/** Reads page after page; returns the keys of each. */
async function readPages(
  list: ListStore<{ key: string }>,
  pageSize: number,
  betweenPages = () => {},
): Promise<string[][]> {
  const pages: string[][] = [];
  let at: PagePosition | undefined = START;
  while (at) {
    const page: Awaited<ReturnType<typeof listPage<{ key: string }>>> = await listPage(list, ['.glb'], pageSize, at);
    pages.push(page.objects.map(({ key }) => key));
    at = page.next;
    betweenPages();
    if (pages.length > 1000) throw new Error('the listing does not end');
  }
  return pages;
}

const numbered = (count: number, suffix = '.glb'): string[] =>
  Array.from({ length: count }, (_, i) => `k${String(i).padStart(5, '0')}${suffix}`);

describe('pages', () => {
  test.each([
    [2500, 1000, [1000, 1000, 500]],
    [2000, 1000, [1000, 1000]],
    [10, 4, [4, 4, 2]],
    [1500, 700, [700, 700, 100]],
    [0, 10, [0]],
  ])('%i assets by %i come as %j', async (count, pageSize, sizes) => {
    const pages = await readPages(storeOf(numbered(count), 1000), pageSize);
    expect(pages.map((page) => page.length)).toEqual(sizes);
    expect(pages.flat()).toEqual(numbered(count));
  });

  test('are full while assets lie among other files', async () => {
    const keys = [...numbered(900), ...numbered(900, '.txt')].sort();
    const pages = await readPages(storeOf(keys, 100), 300);
    expect(pages.map((page) => page.length)).toEqual([300, 300, 300]);
  });

  test('that a filter empties end after ten listing pages, with a token', async () => {
    let calls = 0;
    const list = storeOf([...numbered(2000, '.aaa'), 'z.glb'], 100);
    const counted: typeof list = (from) => {
      calls++;
      return list(from);
    };
    const page = await listPage(counted, ['.glb'], 5, START);
    expect(calls).toBe(10);
    expect(page.objects).toEqual([]);
    expect((await readPages(list, 5)).flat()).toEqual(['z.glb']);
  });

  test('may change their size on the way', async () => {
    const list = storeOf(numbered(30), 10);
    const first = await listPage(list, ['.glb'], 7, START);
    const second = await listPage(list, ['.glb'], 11, first.next!);
    expect([...first.objects, ...second.objects].map(({ key }) => key)).toEqual(numbered(30).slice(0, 18));
  });
});

describe('changes between pages', () => {
  test('deleting the last key that was given loses and repeats nothing', async () => {
    const keys = numbered(20);
    let given = 0;
    const pages = await readPages(storeOf(keys, 10), 4, () => {
      given++;
      if (given === 1) keys.splice(3, 1);
    });
    expect(pages.flat()).toEqual(numbered(20));
  });

  test('many keys added before the last one given repeat nothing', async () => {
    const keys = numbered(20);
    let given = 0;
    const pages = await readPages(storeOf(keys, 10), 4, () => {
      given++;
      if (given === 1) keys.unshift(...Array.from({ length: 30 }, (_, i) => `a${10 + i}.glb`));
    });
    expect(pages.flat()).toEqual(numbered(20));
  });
});

describe('a store that forgets its tokens', () => {
  test('is listed on behind the last key', async () => {
    const pages = await readPages(
      storeOf(numbered(35), 10, () => true),
      4,
    );
    expect(pages.flat()).toEqual(numbered(35));
  });

  test('and keeps no key order is refused rather than listed with holes', async () => {
    const position = { storeToken: 'gone', lastKey: 'k', within: false, unsorted: true };
    await expect(
      listPage(
        storeOf([], 10, () => true),
        ['.glb'],
        4,
        position,
      ),
    ).rejects.toThrowError(expect.objectContaining({ reason: 'invalid_page_token' }));
  });
});

test('a store without key order is listed whole by its own tokens', async () => {
  const keys = ['b/1.glb', 'b/2.glb', 'a/1.glb', 'a/2.glb', 'c.glb', 'a-b.glb', 'z.glb'];
  const list: ListStore<{ key: string }> = async ({ continuationToken, startAfter }) => {
    expect(startAfter).toBeUndefined();
    const begin = Number(continuationToken ?? 0);
    return {
      objects: keys.slice(begin, begin + 3).map((key) => ({ key })),
      nextToken: begin + 3 < keys.length ? String(begin + 3) : undefined,
    };
  };
  for (const pageSize of [1, 2, 3, 4, 10]) expect((await readPages(list, pageSize)).flat()).toEqual(keys);
});
