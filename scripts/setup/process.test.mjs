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
  await expect(run('cyclorama-no-such-program', [])).rejects.toThrow('could not be started');
  await expect(probe('cyclorama-no-such-program', [])).resolves.toBeUndefined();
});

test('lines are handed on as they come', async () => {
  const lines = [];
  await run('sh', ['-c', 'echo one; echo two'], { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two']);
});
