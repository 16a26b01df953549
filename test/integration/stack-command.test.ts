import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { stopStack } from '../../cli/stack/stop.ts';
import { until } from '../support/poll.ts';
import { freeStackPorts } from '../support/stacks/ports.ts';

const LAUNCHER = join(ROOT, 'cli/cyclorama.mjs');
let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'cyclorama-up-'));
});
afterEach(async () => {
  await stopStack(data);
  rmSync(data, { recursive: true, force: true });
});

/** Every process that was started for this test's data folder, Blender included: its scratch folder lies there. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ['cmdline', 'environ'].map((file) => readText(`/proc/${pid}/${file}`)).join(' '))
    .filter((text) => text.includes(data))
    .map((text) => text.split('\0').slice(0, 4).join(' '));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Gone since the folder was listed, or not ours.
    return '';
  }
}

async function untilNoneIsLeft(): Promise<void> {
  await until('no process is left', () => processes().length === 0);
}

function cyclorama(...args: string[]) {
  return execa(process.execPath, [LAUNCHER, ...args, '--data', data], { reject: false, timeout: 100_000 });
}

test('up --detach leaves a stack that status shows, a second up accepts, and down ends to the last process', async () => {
  const base = await freeStackPorts();
  const up = await cyclorama('up', '--detach', '--json', '--port-base', String(base));
  expect({ code: up.exitCode, errors: up.stderr }).toMatchObject({ code: 0 });
  const endpoints = JSON.parse(up.stdout);
  expect(endpoints.analysis).toBe(`127.0.0.1:${base + 1}`);

  const status = await cyclorama('status', '--json');
  expect(status.exitCode).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({ running: true, ready: true, endpoints });

  const again = await cyclorama('up', '--detach', '--json');
  expect({ code: again.exitCode, endpoints: JSON.parse(again.stdout) }).toEqual({ code: 0, endpoints });
  expect(again.stderr).toContain('running already');

  expect(processes().length).toBeGreaterThan(4);
  expect((await cyclorama('down')).exitCode).toBe(0);
  await untilNoneIsLeft();
  expect((await cyclorama('status')).exitCode).toBe(3);
});

test.each(['SIGINT', 'SIGKILL'] as const)('%s on a foreground up leaves no process behind', async (signal) => {
  const args = [LAUNCHER, 'up', '--data', data, '--port-base', String(await freeStackPorts())];
  const up = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(up, 'exit');
  let said = '';
  for await (const chunk of up.stderr) {
    said += String(chunk);
    if (said.includes('ready;')) break;
  }
  expect(said).toContain('ready;');
  up.kill(signal);
  const [code] = await ended;
  expect(code).toBe(signal === 'SIGINT' ? 0 : null);
  await untilNoneIsLeft();
});
