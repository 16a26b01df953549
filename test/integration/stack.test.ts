import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { readStack, readState } from '../../cli/stack/endpoints.ts';
import { HOST } from '../../cli/stack/ports.ts';
import { identify } from '../../cli/stack/process-id.ts';
import { type Stack, StackIsRunningError, startStack } from '../../cli/stack/stack.ts';
import { stopStack } from '../../cli/stack/stop.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { until } from '../support/poll.ts';
import { freeStackPorts } from '../support/stacks/ports.ts';

const SERVERS = { parts: ['nats', 's3'] as ('nats' | 's3')[] };
let data: string;
let portBase: number;
let stacks: Stack[];

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'cyclorama-stack-'));
  portBase = await freeStackPorts();
  stacks = [];
});
afterEach(async () => {
  for (const stack of stacks) await stack.stop();
  await stopStack(data);
  rmSync(data, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startStack>[0] = {}): Promise<Stack> {
  const stack = await startStack({ data, portBase, ...SERVERS, ...options });
  stacks.push(stack);
  return stack;
}

function openStore({ endpoints }: Pick<Stack, 'endpoints'>): ObjectStore {
  const { endpoint, region, ...key } = endpoints.s3;
  const s3 = { endpoint, region, forcePathStyle: true, checksums: 'when_supported' } as const;
  return createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('test'), key);
}

/** Runs the supervisor that `up --detach` leaves behind, for two servers. */
async function startSupervisor(): Promise<{ pid: number; parts: number[] }> {
  const options = JSON.stringify({ data, portBase, ...SERVERS });
  const child = spawn(process.execPath, [join(ROOT, 'cli/stack/supervisor.ts'), options], { stdio: 'ignore' });
  await until(
    'all parts are ready',
    () => readState(stackDir())?.parts.every(({ state }) => state === 'ready') ?? false,
  );
  const parts = readState(stackDir())?.parts.map(({ pid }) => pid as number) ?? [];
  return { pid: child.pid as number, parts };
}

const stackDir = (): Parameters<typeof readState>[0] =>
  ({ holder: join(data, 'stack.pid'), state: join(data, 'stack.json') }) as Parameters<typeof readState>[0];

test('a started stack serves, tells other commands where, and ends without a process left', async () => {
  const stack = await start();
  const pids = ['nats', 's3'].map((name) => stack.pid(name) as number);
  expect(readStack(data)).toEqual(stack.endpoints);
  expect((await fetch(`${stack.endpoints.natsMonitor}/healthz`)).status).toBe(200);
  await stack.stop();
  expect(pids.map(identify)).toEqual([undefined, undefined]);
  expect(readStack(data)).toBeUndefined();
});

test('the S3 key is for its owner alone, made once, and never on a command line', async () => {
  const first = await start();
  const { secretAccessKey } = first.endpoints.s3;
  for (const file of ['credentials.json', 'stack.json']) expect(statSync(join(data, file)).mode & 0o077).toBe(0);
  expect(readFileSync(`/proc/${first.pid('s3')}/cmdline`, 'utf8')).not.toContain(secretAccessKey);
  await first.stop();
  expect((await start()).endpoints.s3.secretAccessKey).toBe(secretAccessKey);
});

test('an object survives kill -9 of the S3 server, and both servers come back by themselves', async () => {
  const stack = await start();
  const store = openStore(stack);
  await store.createBucket('assets');
  await store.write({ bucket: 'assets', key: 'a.txt' }, 'kept', { condition: 'always', contentType: 'text/plain' });
  const before = [stack.pid('s3'), stack.pid('nats')];
  await Promise.all([stack.kill('s3', 'SIGKILL'), stack.kill('nats', 'SIGKILL')]);
  await until(
    'both came back',
    () => readState(stack.dir)?.parts.every((part) => part.state === 'ready' && part.restarts === 1) ?? false,
  );
  expect([stack.pid('s3'), stack.pid('nats')]).not.toEqual(before);
  const read = await store.read({ bucket: 'assets', key: 'a.txt' }, 100);
  store.close();
  expect(read?.body.toString()).toBe('kept');
});

test('a part that dies while the disk is full is started again, and nothing else ends', async () => {
  const messages: string[] = [];
  const stack = await start({ onMessage: (message) => messages.push(message) });
  const [s3, nats] = [stack.pid('s3'), stack.pid('nats')];
  symlinkSync('/dev/full', `${stack.dir.state}.${process.pid}`);
  await stack.kill('s3', 'SIGKILL');
  await until(
    'it was told of each time',
    () => messages.filter((message) => /could not be written: ENOSPC/.test(message)).length === 3,
  );
  expect([stack.pid('s3') === s3, stack.pid('nats') === nats]).toEqual([false, true]);
  const store = openStore(stack);
  await store.createBucket('assets');
  store.close();
});

test('with automatic restart off a killed part stays down until it is restarted', async () => {
  const stack = await start({ autoRestart: false });
  await stack.kill('nats', 'SIGKILL');
  expect(readState(stack.dir)?.parts.find(({ name }) => name === 'nats')?.state).toBe('failed');
  expect(stack.pid('nats')).toBeUndefined();
  await stack.restart('nats');
  expect((await fetch(`${stack.endpoints.natsMonitor}/healthz`)).status).toBe(200);
});

test('a second start on the same data folder is refused and leaves the first alone', async () => {
  const stack = await start();
  await expect(startStack({ data, portBase: portBase + 200, ...SERVERS })).rejects.toThrow(StackIsRunningError);
  expect(readStack(data)).toEqual(stack.endpoints);
});

test('a taken port is named with its holder, and nothing is left running', async () => {
  const server = createServer().listen(portBase + 30, HOST);
  await once(server, 'listening');
  const starting = startStack({ data, portBase, ...SERVERS });
  await expect(starting).rejects.toThrow(
    new RegExp(`port ${portBase + 30} \\(nats\\) is in use by process ${process.pid}[\\s\\S]*--port-base \\d+`),
  );
  server.close();
  await once(server, 'close');
  await start();
});

test('a part that ends at its start is reported with its last words, and the others are ended', async () => {
  mkdirSync(join(data, 'nats'));
  // JetStream cannot make its folder where a file stands.
  writeFileSync(join(data, 'nats/jetstream'), '');
  await expect(startStack({ data, portBase, ...SERVERS })).rejects.toThrow(
    /nats ended before it was ready[\s\S]*directory/,
  );
  rmSync(join(data, 'nats/jetstream'));
  await start();
});

test('killing the supervisor by SIGKILL takes every part with it, and the next start takes over', async () => {
  const supervisor = await startSupervisor();
  expect(supervisor.parts).toHaveLength(2);
  process.kill(supervisor.pid, 'SIGKILL');
  await until('every part is gone', () => supervisor.parts.every((pid) => identify(pid) === undefined));
  expect(readStack(data)).toBeUndefined();
  await start();
});

test('down ends the supervisor and every part, and says when there was nothing to end', async () => {
  const supervisor = await startSupervisor();
  expect(await stopStack(data)).toBe(true);
  expect([supervisor.pid, ...supervisor.parts].map(identify)).toEqual([undefined, undefined, undefined]);
  expect(await stopStack(data)).toBe(false);
});
