import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { SERVICES } from '../../cli/stack/services.ts';
import { stopStack } from '../../cli/stack/stop.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { freeStackPorts } from '../support/stacks/ports.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LAUNCHER = join(ROOT, 'cli/cyclorama.mjs');
const CHAIR = join(ROOT, 'samples/chair.glb');
const folder = temporaryFolder();
let remote: TestS3;

beforeEach(async () => {
  remote = await TestS3.create();
});
afterEach(async () => {
  await stopStack(folder());
  await remote.close();
});

function cyclorama(...args: string[]) {
  const options = { env: remote.environment, reject: false, timeout: 100_000 } as const;
  return execa(process.execPath, [LAUNCHER, ...args, '--data', folder()], options);
}

test('a stack without a store of its own works on the one that the environment names', async () => {
  const up = await cyclorama('up', '--detach', '--remote-store', '--port-base', String(await freeStackPorts()));
  expect({ code: up.exitCode, errors: up.stderr }).toMatchObject({ code: 0 });
  expect(up.stdout).toContain('the store that the environment names');
  const { parts } = JSON.parse((await cyclorama('status', '--json')).stdout);
  const expected = [...SERVICES.map(({ name }) => name), 'nats', 'worker'].toSorted();
  expect(parts.map(({ name }: { name: string }) => name).toSorted()).toEqual(expected);

  const put = await cyclorama('put', CHAIR, 's3://models/', '--create-bucket');
  expect(put.stderr + put.stdout).toContain(remote.url);
  const analyze = await cyclorama('analyze', 's3://models/', '--output', 's3://models/reports/', '--json');
  expect({ code: analyze.exitCode, errors: analyze.stderr }).toMatchObject({ code: 0 });
  const written = (await remote.openStore().list('models', { prefix: 'reports/chair' })).objects;
  expect(written.map(({ key }) => key)).toEqual(['reports/chair_report.json']);

  const local = await cyclorama('analyze', CHAIR);
  expect(local.exitCode).toBe(2);
  expect(local.stderr).toContain('--remote-store');
});
