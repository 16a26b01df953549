import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDataDir, dataDir } from './data-dir.ts';
import { describePart, LONGEST_STOP_MS, type PartName, type PartsInput } from './parts.ts';

/** What a process gives itself at most, in service-main.ts. */
const OWN_LIMIT_MS = 20_000;
const NAMES: PartName[] = ['nats', 's3', 'discovery', 'analysis', 'rendering', 'worker'];

function inputOf(): PartsInput {
  const folder = mkdtempSync(join(tmpdir(), 'cyclorama-parts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dir = dataDir(folder);
  createDataDir(dir);
  return {
    dir,
    ports: {},
    tools: { natsServer: 'nats-server', versitygw: 'versitygw', python: 'python3' } as PartsInput['tools'],
    key: { accessKeyId: 'key', secretAccessKey: 'secret' },
    sidecar: false,
    remoteStore: false,
    env: {},
  };
}

test.each<PartName>(['discovery', 'analysis', 'rendering', 'worker'])(
  '%s is not killed before its own time to end is up',
  (name) => {
    expect(describePart(name, 1, inputOf()).stopTimeoutMs).toBeGreaterThan(OWN_LIMIT_MS);
  },
);

test('the stack may take as long to end as its stages one after the other', () => {
  const parts = NAMES.map((name) => describePart(name, 1, inputOf()));
  const stages = [0, 1, 2].map((stage) =>
    Math.max(...parts.filter((part) => part.stage === stage).map(({ stopTimeoutMs }) => stopTimeoutMs)),
  );
  expect(LONGEST_STOP_MS).toBe(stages.reduce((sum, ms) => sum + ms, 0));
});
