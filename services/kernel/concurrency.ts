/**
 * Runs `work` over all items, at most `width` at a time.
 * The first error stops new work and is thrown once the work under way has settled.
 */
export async function forEachBounded<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const source = toAsyncIterator(items);
  const errors: unknown[] = [];
  const lane = async (): Promise<void> => {
    try {
      while (errors.length === 0) {
        const next = await source.next();
        if (next.done || errors.length > 0) return;
        await work(next.value);
      }
    } catch (error) {
      errors.push(error);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  await source.return();
  if (errors.length > 0) throw errors[0];
}

async function* toAsyncIterator<Item>(items: Iterable<Item> | AsyncIterable<Item>): AsyncGenerator<Item, void, void> {
  yield* items;
}
