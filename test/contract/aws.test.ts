import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSources } from '../support/source-files.ts';

const document = readFileSync(new URL('../../docs/run/aws.md', import.meta.url), 'utf8');
const rows = [...document.matchAll(/^\| `(\w+)` \| `(s3:\w+)` \|/gm)];
const policies = [...document.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text!));

/** Commands that a file takes from the client of S3. */
function readCommands(text: string): string[] {
  const imports = [...text.matchAll(/import\s*\{([^}]*)\}\s*from '@aws-sdk\/client-s3'/g)];
  return imports.flatMap(([, names]) => [...names!.matchAll(/\b(\w+)Command\b/g)].map(([, name]) => name!));
}

test('docs/run/aws.md names every request that is made of S3, and no other', () => {
  const sources = [...readSources('services', '.ts'), ...readSources('cli', '.ts')];
  const made = new Set(sources.flatMap(({ text }) => readCommands(text)));
  expect(made.size).toBeGreaterThan(3);
  expect(rows.map(([, request]) => request).toSorted()).toEqual([...made].toSorted());
});

test('nothing else in services and cli holds a client of AWS', () => {
  const holders = [...readSources('services', '.ts'), ...readSources('cli', '.ts')]
    .filter(({ text }) => /from '@(?:aws-sdk|smithy)\//.test(text))
    .map(({ path }) => path);
  expect(holders.filter((path) => !path.startsWith('services/kernel/store/'))).toEqual([]);
  expect(holders).toContain('services/kernel/store/clients.ts');
});

test('the policies allow what those requests need, and no more', () => {
  expect(policies.length).toBeGreaterThan(4);
  const allowed = policies
    .flatMap(({ Statement }) => Statement)
    .flatMap(({ Action }) => Action)
    .filter((action: string) => action.startsWith('s3:'));
  const needed = rows.map(([, , action]) => action).filter((action) => action !== 's3:CreateBucket');
  expect([...new Set(allowed)].toSorted()).toEqual([...new Set(needed)].toSorted());
});
