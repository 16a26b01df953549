import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { environmentSchema } from '../../services/kernel/process/environment.ts';

/** Variables whose default depends on the process or the machine, and so is told in words. */
const TOLD = new Set([
  'CYCLORAMA_GRPC_PORT',
  'CYCLORAMA_HTTP_PORT',
  'CYCLORAMA_WORKER_ID',
  'CYCLORAMA_THREADS',
  'CYCLORAMA_SCRATCH_DIR',
]);
const document = readFileSync(new URL('../../docs/run/configuration.md', import.meta.url), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => /^\| `([A-Z0-9_]+)` \| (.+?) \| (.+) \|$/.exec(line)?.slice(1) ?? [line]);

test('docs/run/configuration.md names every variable of the schema once, and no other', () => {
  const names = rows.map(([name]) => name);
  expect(names.toSorted()).toEqual(Object.keys(environmentSchema.shape).toSorted());
});

test('docs/run/configuration.md tells the defaults that hold', () => {
  const defaults: Record<string, unknown> = environmentSchema.parse({});
  const told = rows.filter(([name]) => !TOLD.has(name!)).map(([name, value]) => [name, value]);
  expect(told).toEqual(told.map(([name]) => [name, String(defaults[name!] ?? 'none')]));
});

test('docs/run/configuration.md says in a sentence what each variable means', () => {
  for (const [name, , meaning] of rows) expect(meaning, name).toMatch(/^[A-Z`].*\.$/);
});
