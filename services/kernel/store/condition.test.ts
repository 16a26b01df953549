import { expect, test } from 'vitest';
import { conditionOf } from './condition.ts';

test.each([
  ['absent', undefined, { ifAbsent: true }],
  ['as it was', { etag: 'abc' }, { ifEtag: 'abc' }],
  ['anything, where it has no ETag to compare with', { etag: '' }, 'always'],
])('an object is written where it is still %s', (_, existing, condition) => {
  expect(conditionOf(existing)).toEqual(condition);
});
