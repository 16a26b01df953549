import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { readTools } from '../../scripts/tools.mjs';

let folder: string;
let clone: string;
let programs: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-setup-'));
  clone = join(folder, 'clone');
  programs = join(folder, 'bin');
  mkdirSync(programs);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A clone whose npm packages and generated code are in place, so that only the machine's part of set-up is left. */
function makeClone(): void {
  for (const path of [
    'scripts',
    'protos',
    'gen',
    'blender-runtime/requirements',
    'buf.yaml',
    'buf.gen.yaml',
    'package-lock.json',
  ]) {
    cpSync(join(ROOT, path), join(clone, path), { recursive: true });
  }
  mkdirSync(join(clone, 'node_modules'));
  cpSync(join(ROOT, 'node_modules/.package-lock.json'), join(clone, 'node_modules/.package-lock.json'));
}

function addProgram(name: string, answer: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(join(programs, name), 0o755);
}

/** Adds a Python whose environments have nothing but itself in them: its pip succeeds and installs nothing. */
function addPython(): void {
  const python = join(programs, 'python3.11');
  const report = JSON.stringify({ version: '3.11', executable: python, venv: true, pip: true });
  const lines = [
    '#!/bin/sh',
    'case "$*" in',
    `  -c*) echo '${report}' ;;`,
    '  "-m venv --clear "*) /bin/mkdir -p "$4/bin" && /bin/cp "$0" "$4/bin/python" ;;',
    'esac',
  ];
  writeFileSync(python, lines.join('\n'));
  chmodSync(python, 0o755);
}

/** The set-up's environment on a machine that has nothing but the programs of this test. */
function bareMachine(): NodeJS.ProcessEnv {
  return { PATH: `${programs}:/bin-that-is-not-there`, HOME: folder, CYCLORAMA_CACHE_DIR: join(folder, 'cache') };
}

function setUp(env: NodeJS.ProcessEnv, ...args: string[]): SpawnSyncReturns<string> {
  const command = [join(clone, 'scripts/setup.mjs'), ...args];
  return spawnSync(process.execPath, command, { env, encoding: 'utf8', timeout: 60_000 });
}

/** Puts the Python environment that this clone uses into the test's cache. */
function shareRuntime(): void {
  const environment = dirname(dirname(readTools().python));
  mkdirSync(join(folder, 'cache'));
  symlinkSync(environment, join(folder, 'cache', environment.slice(environment.lastIndexOf('/') + 1)));
}

test('a second set-up has nothing to do, which takes a moment', () => {
  const command = [join(ROOT, 'scripts/setup.mjs'), '--test'];
  expect(spawnSync(process.execPath, command, { encoding: 'utf8' }).status).toBe(0);
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  // 0.3 s on a quiet machine.
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('a machine without Python is told one command, and what else could be done is done', () => {
  makeClone();
  addProgram('nats-server', 'nats-server: v2.15.1');
  addProgram('versitygw', 'Version  : v1.8.0');
  const { status, stderr } = setUp(bareMachine());
  expect(status).toBe(1);
  expect(stderr).toMatch(/set-up failed: Python with bpy: .*Python 3\.11[\s\S]*Run:\n {2}\S+/);
  expect(stderr).toContain('run the same command again');
  expect(stderr.match(/set-up failed/g)).toHaveLength(1);
  expect(existsSync(join(clone, 'node_modules/.cyclorama-tools.json'))).toBe(false);
});

test('servers on PATH are taken where they are new enough, and the command is linked for npx', () => {
  makeClone();
  shareRuntime();
  addProgram('nats-server', 'nats-server: v2.10.4');
  addProgram('versitygw', 'Version  : v1.9.2');
  const { status, stderr } = setUp(bareMachine());
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const tools = JSON.parse(readFileSync(join(clone, 'node_modules/.cyclorama-tools.json'), 'utf8'));
  expect(tools).toMatchObject({
    python: expect.stringContaining(join(folder, 'cache')),
    natsServer: join(programs, 'nats-server'),
    versitygw: join(programs, 'versitygw'),
  });
  mkdirSync(join(clone, 'cli'));
  writeFileSync(join(clone, 'cli/cyclorama.mjs'), '// here');
  expect(readFileSync(join(clone, 'node_modules/.bin/cyclorama'), 'utf8')).toBe('// here');
});

test('programs of the system tests are looked for only when asked, and a plain set-up keeps them', () => {
  makeClone();
  shareRuntime();
  addProgram('nats-server', 'nats-server: v2.15.1');
  addProgram('versitygw', 'Version  : v1.8.0');
  const tools = () => JSON.parse(readFileSync(join(clone, 'node_modules/.cyclorama-tools.json'), 'utf8'));
  expect(setUp(bareMachine()).status).toBe(0);
  expect(tools().grpcurl).toBeUndefined();
  addProgram('grpcurl', 'grpcurl v1.9.4');
  addProgram('promtool', 'promtool, version 2.42.0');
  addProgram('chromium', 'Chromium 140.0.7339.127');
  addPython();
  expect(setUp(bareMachine(), '--system')).toMatchObject({ status: 0 });
  expect(setUp(bareMachine()).status).toBe(0);
  expect(tools()).toMatchObject({ grpcurl: join(programs, 'grpcurl'), promtool: join(programs, 'promtool') });
  expect(tools().grpcPython).toMatch(join(folder, 'cache', 'grpc-python-'));
});

test('a server on PATH that is too old is not taken', () => {
  makeClone();
  shareRuntime();
  addProgram('nats-server', 'nats-server: v2.9.10');
  addProgram('versitygw', 'Version  : v1.8.0');
  const { status, stderr } = setUp(bareMachine());
  expect(status).toBe(1);
  expect(stderr).toContain('set-up failed: nats-server:');
});

test('two set-ups of one clone at once both succeed', async () => {
  makeClone();
  shareRuntime();
  addProgram('nats-server', 'nats-server: v2.15.1');
  addProgram('versitygw', 'Version  : v1.8.0');
  const one = () =>
    execa(process.execPath, [join(clone, 'scripts/setup.mjs')], {
      env: bareMachine(),
      extendEnv: false,
      reject: false,
    });
  const results = await Promise.all([one(), one()]);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
});
