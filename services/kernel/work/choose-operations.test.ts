import { expect, test } from 'vitest';
import { noteOperation } from '../../../test/support/memory/task-runs.ts';
import { chooseOperations } from './choose-operations.ts';

const ALL = ['analysis', 'rendering', 'animation'].map((name) => ({ ...noteOperation, name }));

test.each([
  [undefined, ['analysis', 'rendering', 'animation']],
  [['rendering'], ['rendering']],
  [
    ['animation', 'analysis', 'animation'],
    ['analysis', 'animation'],
  ],
])('a worker whose settings name %j takes tasks of %j', (names, taken) => {
  expect(chooseOperations(ALL, names).map(({ name }) => name)).toEqual(taken);
});

test.each([
  [['rendring', 'x'], /no operation 'rendring'; expected one or more of analysis, rendering, animation\n.*'x'/],
  [[], /names no operation/],
])('settings that name %j are refused with what there is', (names, message) => {
  expect(() => chooseOperations(ALL, names)).toThrow(message);
});
