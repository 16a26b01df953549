import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesBelow } from '../support/faults-leftovers.ts';
import { RenderingStack, sample } from '../support/rendering-stack.ts';

let stack: RenderingStack;

beforeAll(async () => {
  stack = await RenderingStack.create();
  stack.faults.fill('assets', { 'm/chair.glb': sample('chair.glb') });
  stack.faults.fill('outputs', { 'placeholder.txt': Buffer.from('') });
});
afterAll(() => stack?.close());

test('RenderAsset leaves the files of the exercise and answers with their metadata', async () => {
  const answer = await stack.render('s3://assets/m/chair.glb', 's3://outputs/one/');
  const folder = join(stack.faults.bucket('outputs'), 'one/m/chair');
  expect(filesBelow(folder).sort()).toEqual([
    'metadata.json',
    'render_depth.png',
    'render_edge.png',
    'render_normal.png',
    'render_textured.png',
  ]);
  const record = filesBelow(join(stack.faults.bucket('outputs'), 'one/_cyclorama/records'))[0]!;
});
