/** Runs `work` over all items, at most `width` at a time; the first error stops the rest and is thrown. */
export async function forEachBounded<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const source = toAsyncIterator(items);
  let failed = false;
  const lane = async (): Promise<void> => {
    while (!failed) {
      const { done, value } = await source.next();
      if (done) return;
      await work(value);
    }
  };
  const lanes = Array.from({ length: width }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // Every lane ends before the error is thrown, so that nothing still writes afterwards.
  const ends = await Promise.allSettled(lanes);
  await source.return?.(undefined);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function* toAsyncIterator<Item>(items: Iterable<Item> | AsyncIterable<Item>): AsyncGenerator<Item> {
  yield* items;
}
