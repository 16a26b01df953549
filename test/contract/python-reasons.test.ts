import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isReason } from '../../services/kernel/failure.ts';

const source = readFileSync(
  new URL('../../blender-runtime/cyclorama_blender/protocol/failure.py', import.meta.url),
  'utf8',
);

test('every reason that Python may raise stands in the table', () => {
  const table = source.match(/REASONS = frozenset\(([\s\S]*?)\)/)?.[1] ?? '';
  const reasons = [...table.matchAll(/"([a-z_]+)"/g)].map((match) => match[1] ?? '');
  expect(reasons).toContain('import_failed');
  expect(reasons.filter((reason) => !isReason(reason))).toEqual([]);
});
