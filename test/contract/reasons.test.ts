import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { REASONS } from '../../services/kernel/failure.ts';

const document = readFileSync(new URL('../../docs/use/failures.md', import.meta.url), 'utf8');

test('docs/use/failures.md says of every reason what the table in failure.ts says, and of no other', () => {
  const rows = Object.entries(REASONS).map(
    ([reason, { code, handling, meaning }]) => `| \`${reason}\` | ${code} | ${handling} | ${meaning} |`,
  );
  expect(document.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
});

describe('a reason', () => {
  test.each(Object.entries(REASONS))('%s is a name for the wire with a sentence for people', (reason, { meaning }) => {
    expect(reason).toMatch(/^[a-z][a-z_]{2,62}$/);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  });
});
