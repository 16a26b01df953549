import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { probe, run } from './process.mjs';

test('a program that fails is named with its exit code and its last lines', async () => {
  const failing = run(process.execPath, [
    '-e',
    "console.log('first'); console.error('no space left'); process.exit(3)",
  ]);
  await expect(failing).rejects.toThrow(/exit code 3[\s\S]*no space left/);
});

test('a program that hangs is killed at the deadline together with its children', async () => {
  const started = performance.now();
  await expect(run('sh', ['-c', 'sleep 60 & wait'], { timeoutMs: 200 })).rejects.toThrow('did not end within 0.2 s');
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('a program that is not there is an error when run and nothing when probed', async () => {
  await expect(run('cyclorama-no-such-program', [])).rejects.toThrow(/cyclorama-no-such-program/);
  await expect(probe('cyclorama-no-such-program', [])).resolves.toBeUndefined();
});

test('lines are handed on as they come', async () => {
  const lines = [];
  await run('sh', ['-c', 'echo one; echo two'], { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two']);
});

test('a program dies with a set-up that is killed by SIGKILL', async () => {
  const script = `import { run } from ${JSON.stringify(join(import.meta.dirname, 'process.mjs'))};
    await run('sh', ['-c', 'echo $$; exec sleep 60'], { onLine: (line) => console.log(line) });`;
  const setUp = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(setUp.stdout, 'data');
  const folder = `/proc/${String(line).trim()}`;
  expect(existsSync(folder)).toBe(true);
  setUp.kill('SIGKILL');
  const giveUpAt = Date.now() + 10_000;
  while (existsSync(folder) && Date.now() < giveUpAt) await sleep(10);
  expect(existsSync(folder)).toBe(false);
});
