import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readEvents } from './channel.ts';

async function read(...chunks: string[]): Promise<{ ids: string[]; garbage: string[] }> {
  const stream = new PassThrough();
  const ids: string[] = [];
  const garbage: string[] = [];
  readEvents(
    stream,
    (event) => ids.push(event.requestId),
    (what) => garbage.push(what),
  );
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  return { ids, garbage };
}

const event = (requestId: string): string => JSON.stringify({ requestId, progress: { stage: 'import' } });

test('events come one a line, however the pipe cuts them', async () => {
  const text = `${event('é')}\n${event('b')}\n`;
  expect(await read(text.slice(0, 10), text.slice(10, 60), text.slice(60))).toEqual({ ids: ['é', 'b'], garbage: [] });
});

test.each([
  ['text', 'Read blend: "x"\n'],
  ['another message', '{"requestId":"a"}\n'],
  ['a number that is not numeric', '{"requestId":"a","result":{"rssBytes":"many"}}\n'],
])('%s instead of an event is garbage, and nothing is read after it', async (_, line) => {
  const { ids, garbage } = await read(`${event('a')}\n${line}${event('b')}\n`, `${event('c')}\n`);
  expect(ids).toEqual(['a']);
  expect(garbage).toHaveLength(1);
});

test('a line without an end is garbage once it is too long', async () => {
  const { garbage } = await read(...Array.from({ length: 70 }, () => 'x'.repeat(65_536)));
  expect(garbage).toEqual(['a line of more than 4194304 bytes']);
});
