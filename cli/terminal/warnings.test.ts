import { expect, test } from 'vitest';
import { warningsShown } from './warnings.ts';

test('a few warnings are shown as they are', () => {
  expect(warningsShown(['a', 'b\nc'])).toEqual(['warning: a', expect.stringMatching(/^warning: b.*c$/)]);
});

test('of hundreds of warnings the first five are shown, and how many more there are', () => {
  const shown = warningsShown(Array.from({ length: 1_005 }, (_, n) => `texture ${n}`));
  expect(shown).toHaveLength(6);
  expect(shown.at(-1)).toBe('and 1,000 more warnings in its record');
});
