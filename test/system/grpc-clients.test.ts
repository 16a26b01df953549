import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { SERVICES } from '../../cli/stack/services.ts';
import { readTools } from '../../scripts/tools.mjs';
import { runProgram } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

const PAGE = readFileSync(join(ROOT, 'docs/use/grpc.md'), 'utf8');
const BIN = join(ROOT, 'node_modules/.bin');

let system: SystemStack;
let folder: string;
beforeAll(async () => {
  system = await SystemStack.createOnDefaultPorts();
  const samples = ['chair.glb', 'brick.glb'].map((name) => [name, readFileSync(join(ROOT, 'samples', name))] as const);
  system.fill('samples', Object.fromEntries(samples));
  // A folder as the page has its reader make it; npm packages are those of this clone.
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-clients-'));
  cpSync(join(ROOT, 'protos'), join(folder, 'protos'), { recursive: true });
  cpSync(join(ROOT, 'buf.gen.yaml'), join(folder, 'buf.gen.yaml'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(async () => {
  if (folder) rmSync(folder, { recursive: true });
  await system?.close();
});

/** The one block of a language, with the addresses that the stack has. */
function readProgram(language: string): string {
  const blocks = [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  expect(blocks).toHaveLength(1);
  return SERVICES.reduce(
    (text, { name, grpcPort }) =>
      text.replaceAll(`localhost:${grpcPort}`, system.stack.endpoints[name].replace('127.0.0.1', 'localhost')),
    blocks[0]![1]!,
  );
}

/** The page's line that begins with these words, which it has once, with a program of ours in their place. */
function readLine(words: string, program: string): string {
  const lines = PAGE.split('\n').filter((line) => line.startsWith(`${words} `));
  expect(lines).toHaveLength(1);
  return lines[0]!.replace(words, program);
}

async function runInFolder(command: string): Promise<string> {
  const { code, out, err } = await runProgram(['/bin/sh', '-c', `cd '${folder}' && ${command}`]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

function expectSamples(out: string): void {
  const lines = out.split('\n');
  expect(lines.slice(0, 3)).toEqual([
    's3://samples/brick.glb 22408 bytes',
    's3://samples/chair.glb 1951792 bytes',
    'chair.glb 3271 vertices 3356 faces',
  ]);
  expect(lines.at(-1)).toBe('JOB_STATE_SUCCEEDED 2 succeeded 0 failed');
}

test('the Python client of the page runs with stubs made by its own protoc line', async () => {
  const { grpcPython } = readTools();
  if (!grpcPython) throw new Error('grpcio is not installed; run: node scripts/setup.mjs --system');
  const python = `'${grpcPython}'`;
  await runInFolder(readLine('python -m grpc_tools.protoc', `${python} -m grpc_tools.protoc`));
  writeFileSync(join(folder, 'client.py'), readProgram('python'));
  expectSamples(await runInFolder(`${python} client.py`));
});

test('the TypeScript client of the page compiles and runs with code made by its own buf line', async () => {
  await runInFolder(readLine('npx buf generate', `'${BIN}/buf' generate`));
  writeFileSync(join(folder, 'client.ts'), readProgram('ts'));
  const settings = { extends: join(ROOT, 'tsconfig.json'), include: ['client.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  await runInFolder(`'${BIN}/tsc' --project .`);
  expectSamples(await runInFolder(`'${process.execPath}' client.ts`));
});
