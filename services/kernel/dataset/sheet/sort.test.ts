import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts';
import { sortByKey } from './sort.ts';

const folder = temporaryFolder();

async function* shuffled(count: number) {
  for (let n = 0; n < count; n++) {
    const value = (n * 7919) % count;
    yield { key: `key ${String(value).padStart(6, '0')}\n"`, value: { value } };
  }
}

test.each([
  [0, 1000],
  [1, 1000],
  [500, 1_000_000],
  [5000, 2000],
])('%d values come sorted, %d characters at a time, and leave no file', async (count, characters) => {
  const values: number[] = [];
  for await (const { value } of sortByKey(shuffled(count), folder(), characters)) values.push(value);
  expect(values).toEqual(Array.from({ length: count }, (_, n) => n));
  expect(readdirSync(folder())).toEqual([]);
});

test('a reader that leaves early leaves no file either', async () => {
  for await (const { value } of sortByKey(shuffled(5000), folder(), 2000)) if (value === 3) break;
  expect(readdirSync(folder())).toEqual([]);
});
