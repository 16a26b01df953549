import { expect, test } from 'vitest';
import { Progress } from './progress.mjs';

function recording(isTTY) {
  const written = [];
  return { stream: { isTTY, columns: 80, write: (text) => written.push(text) }, text: () => written.join('') };
}

test('in a pipe a step says once that it begins and once how it ended', async () => {
  const { stream, text } = recording(false);
  let now = 0;
  await new Progress(stream, () => now).step('npm packages', async (note) => {
    note('npm ci');
    note('downloading');
    now = 2_500;
  });
  expect(text()).toBe('set-up ...       0.0 s  npm packages: npm ci\nset-up ok        2.5 s  npm packages\n');
});

test('a step with nothing to do is silent', async () => {
  const { stream, text } = recording(false);
  await new Progress(stream).step('npm packages', async () => {});
  expect(text()).toBe('');
});

test('a step that fails is shown and named in its error', async () => {
  const { stream, text } = recording(false);
  const failing = new Progress(stream).step('nats-server', () => Promise.reject(new Error('connection reset')));
  await expect(failing).rejects.toThrow('nats-server: connection reset');
  expect(text()).toContain('FAILED');
});
