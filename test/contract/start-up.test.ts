import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { readSources } from '../support/source-files.ts';

const files = ['cli', 'services', 'gen'].flatMap((room) => readSources(room, '.ts'));
const texts = new Map(files.map(({ path, text }) => [path, text]));
const STATIC_IMPORT = /^(?:import|export) (?!type\b)(?:[^'"`;]*? from )?'([^']+)'/gm;

/** What is loaded before a file's first line runs: files of ours and packages, in no order. */
function loadedBy(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded;
  loaded.add(path);
  for (const [, name] of texts.get(path)?.matchAll(STATIC_IMPORT) ?? []) {
    loadedBy(name!.startsWith('.') ? posix.join(posix.dirname(path), name!) : name!, loaded);
  }
  return loaded;
}

test('a command that needs no server loads neither gRPC, nor the AWS SDK, nor generated code', () => {
  const loaded = [...loadedBy('cli/main.ts'), ...loadedBy('cli/commands/select.ts')];
  expect(loaded).toContain('services/kernel/sources/filter-match.ts');
  expect(loaded.filter((name) => /^(?:@grpc\/|@aws-sdk\/|@smithy\/|gen\/)/.test(name))).toEqual([]);
});

test('gRPC and the AWS SDK are loaded where a connection opens', () => {
  expect(loadedBy('cli/connect/job-calls.ts')).toContain('@grpc/grpc-js');
  expect(loadedBy('cli/connect/stores.ts')).toContain('@aws-sdk/client-s3');
});
