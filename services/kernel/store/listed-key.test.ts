import { expect, test } from 'vitest';
import { fromListedKey } from './listed-key.ts';

test.each([
  ['plus%2B+space%252F%0D.glb', 'url', 'plus+ space%2F\r.glb'],
  ['space%20too.glb', 'url', 'space too.glb'],
  ['plus+ space%2F.glb', undefined, 'plus+ space%2F.glb'],
  ['plus+%zz.glb', '', 'plus+%zz.glb'],
])('listed %j with encoding %j is %j', (listed, encoding, key) => {
  expect(fromListedKey(listed, encoding)).toBe(key);
});
