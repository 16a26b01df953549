import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogTail } from './log.ts';

async function follow(...chunks: (string | Buffer)[]): Promise<string[]> {
  const tail = createLogTail();
  const stream = new PassThrough();
  tail.follow(stream);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  return tail.lines();
}

test('the tail keeps the last hundred lines', async () => {
  const lines = await follow(Array.from({ length: 250 }, (_, line) => `line ${line}\n`).join(''));
  expect(lines).toHaveLength(100);
  expect([lines[0], lines.at(-1)]).toEqual(['line 150', 'line 249']);
});

test('a line has at most 500 characters, also one that never ends', async () => {
  expect((await follow('y'.repeat(10_000), '\nshort\n')).map((line) => line.length)).toEqual([500, 5]);
  expect((await follow(...Array.from({ length: 50 }, () => 'z'.repeat(1000)))).map((line) => line.length)).toEqual([
    500,
  ]);
});

test('letters that the pipe cuts in two stay whole, and empty lines are left out', async () => {
  const bytes = Buffer.from('a\n\nzwölf');
  expect(await follow(bytes.subarray(0, 6), bytes.subarray(6))).toEqual(['a', 'zwölf']);
});
