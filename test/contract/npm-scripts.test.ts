import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const scripts: Record<string, string> = manifest.scripts;
const needTestPython = Object.keys(scripts).filter((name) => /scripts\/(?:python|test)\.mjs/.test(scripts[name]!));

test('scripts that need pytest or ruff are known', () => {
  expect(needTestPython.toSorted()).toEqual(['lint', 'test']);
});

test.each(needTestPython)("npm run %s installs the tests' Python first, so that it works on a fresh clone", (name) => {
  expect(scripts[`pre${name}`]).toBe('node scripts/setup.mjs --test');
});
