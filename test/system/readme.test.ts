import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { SERVICES } from '../../cli/stack/services.ts';
import { readTools } from '../../scripts/tools.mjs';
import { runProgram } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

const SAMPLES = join(ROOT, 'samples');
const PAGES = ['README.md', 'docs/use/grpc.md'].map((page) => join(ROOT, page)).filter((page) => existsSync(page));
const LINES = PAGES.flatMap((page) => [...readFileSync(page, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)])
  .flatMap(([, block]) => block!.split('\n'))
  .filter((line) => line.startsWith('grpcurl '));

let system: SystemStack;
beforeAll(async () => {
  system = await SystemStack.createOnDefaultPorts();
  const models = readdirSync(SAMPLES).filter((name) => name.endsWith('.glb'));
  // As after `npm start`, which renders into it.
  system.fill('samples-rendered', {});
  system.fill('samples', Object.fromEntries(models.map((name) => [name, readFileSync(join(SAMPLES, name))])));
});
afterAll(() => system?.close());

/** The line as it stands where the stack has the documented ports, else with the addresses that it has. */
function toCommand(line: string): string {
  return SERVICES.reduce(
    (text, { name, grpcPort }) =>
      text.replaceAll(`localhost:${grpcPort}`, system.stack.endpoints[name].replace('127.0.0.1', 'localhost')),
    line,
  ).replace(/^grpcurl /, `'${readTools().grpcurl}' `);
}

test('the README has lines for grpcurl', () => {
  expect(LINES.length).toBeGreaterThan(2);
});

test.each(LINES)('%s', async (line) => {
  const { code, out, err } = await runProgram(['/bin/sh', '-c', toCommand(line)]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/\S/);
});
