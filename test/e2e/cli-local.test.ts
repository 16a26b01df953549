import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { type Stack, startStack } from '../../cli/stack/stack.ts';
import { type CliOptions, type Ended, runCli } from '../support/programs/cli.ts';
import { freeStackPorts } from '../support/stacks/ports.ts';

const CUBE = `mtllib cube.mtl
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 0.5 0.5 2
usemtl red
f 1 2 3 4
f 1 2 5
`;
const INSPECTED = `{
  "filename": "cube.obj",
  "geometry": {
    "vertices": 5,
    "faces": 2
  },
  "topology": {
    "triangles": 1,
    "quads": 1,
    "ngons": 0
  },
  "dimensions": {
    "x": 1,
    "y": 2,
    "z": 1
  }
}
`;

let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cyclorama-cli-local-'));
  const models = join(folder, 'models');
  await mkdir(join(models, 'more'), { recursive: true });
  for (const name of ['fox.glb', 'truncated.glb']) await cp(join(ROOT, 'samples', name), join(models, name));
  await cp(join(ROOT, 'samples/brick.glb'), join(models, 'more/brick.glb'));
  await writeFile(join(models, 'cube.obj'), CUBE);
  await writeFile(join(models, 'cube.mtl'), 'newmtl red\nKd 1 0 0\n');
  stack = await startStack({ data: join(folder, 'data'), portBase: await freeStackPorts() });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

function cyclorama(args: string[], options: Partial<CliOptions> = {}): Promise<Ended> {
  return runCli(args, { data: join(folder, 'data'), cwd: folder, ...options });
}

describe('inspect', () => {
  it('writes the JSON of the exercise for a local file with what it refers to, and leaves nothing in the store', async () => {
    expect(await cyclorama(['inspect', 'models/cube.obj', '-o', 'out.json'])).toEqual({ code: 0, out: '', err: '' });
    expect(await readFile(join(folder, 'out.json'), 'utf8')).toBe(INSPECTED);
    expect(await namesBelow('data/buckets/cyclorama-local')).toEqual([]);
  });

  it('prints it for an asset of a bucket', async () => {
    await cyclorama(['put', 'models/fox.glb', 's3://assets/', '--create-bucket']);
    const { code, out } = await cyclorama(['inspect', 's3://assets/fox.glb']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ filename: 'fox.glb', geometry: { vertices: 1728, faces: 576 } });
  });

  it('says why a file cannot be read, and cleans up then, too', async () => {
    const { code, out, err } = await cyclorama(['inspect', 'models/truncated.glb', '-o', 'none.json']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: invalid_asset: the GLB is truncated/);
    expect(await readdir(folder)).not.toContain('none.json');
    expect(await namesBelow('data/buckets/cyclorama-local')).toEqual([]);
  });
});

describe('a folder', () => {
  it('is validated through the stack, its reports fetched; the second run sends and computes nothing', async () => {
    const first = await cyclorama(['validate', './models', '--output', './reports']);
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^\[INFO\] Scanning '\.\/models'\.\.\. found 3 files\.\n\n\[1\/3\] processing '/);
    expect(first.out).toContain("   > Report uploaded to 'more/brick_report.json'.\n");
    expect(first.out).toMatch(/\n\[DONE\] Processed 3 files\. 1 Error\.\n$/);
    expect(await namesBelow('reports')).toEqual([
      'fox_report.json',
      'index.jsonl',
      'index.parquet',
      'more/brick_report.json',
      'report.md',
      'truncated_report.json',
    ]);
    const fox = JSON.parse(await readFile(join(folder, 'reports/fox_report.json'), 'utf8')) as object;
    expect(fox).toMatchObject({ file: 'fox.glb', status: 'success', stats: { vertices: 1728 } });
    await rm(join(folder, 'reports/fox_report.json'));
    const second = await cyclorama(['validate', './models', '--output', './reports']);
    expect(second.err).toMatch(/^0 files \(0 B\) sent to s3:\/\/local-models-[0-9a-f]{12}\/, 3 there unchanged\n/);
    expect(second.out).toContain('[INFO] All 3 files were done by an earlier run and unchanged since.');
    expect(await namesBelow('reports')).toContain('fox_report.json');
  });

  it('forgets files that are gone, so that they are not analysed any more', async () => {
    await rm(join(folder, 'models/truncated.glb'));
    const { out, err } = await cyclorama(['analyze', 'models', '--suffix', '.glb', '--suffix', '.obj']);
    expect(out).toMatch(/\n\[DONE\] Processed 3 files\. 0 Errors\.\n$/);
    expect(err).toMatch(/results lie in s3:\/\/cyclorama-local\/local-models-[0-9a-f]{12}\/analysis-validation\//);
  });

  it('has a report of its own job', async () => {
    const { code, out } = await cyclorama(['report', 'latest']);
    expect(code).toBe(0);
    expect(out).toMatch(/^# /);
    expect(out).toContain('## Outcomes');
  });
});

describe('a file', () => {
  it('is analysed, its report fetched', async () => {
    const { code, out } = await cyclorama(['analyze', 'models/fox.glb', '--output', 'single', '--style', 'inspection']);
    expect(code).toBe(0);
    expect(out).toMatch(/^fox\.glb\n +vertices +1,728\n/);
    expect(await namesBelow('single')).toEqual(['fox.json']);
  });

  it('needs the local stack', async () => {
    const { code, err } = await cyclorama(['inspect', 'models/fox.glb'], { data: join(folder, 'no-stack') });
    expect(code).toBe(3);
    expect(err).toMatch(
      /local files go through the local stack, and none runs on '.*no-stack'; start it: npx cyclorama up/,
    );
    const remote = await cyclorama(['inspect', 'models/fox.glb', '--endpoint', '127.0.0.1:1']);
    expect([remote.code, remote.err]).toEqual([2, expect.stringContaining('127.0.0.1:1 is not one of its services')]);
  });
});

describe('--dry-run', () => {
  it('tells what is there, what is done and how long the rest may take, and starts nothing', async () => {
    const before = await cyclorama(['validate', 'assets', '--dry-run']);
    expect(before.out).toMatch(
      /^assets +1 \([\d.]+ kB\)\nalready done +0\nto do +1 .*\nestimated time +0:\d\d \([\d.]+ assets\/s, measured in \d jobs?\)\n\[DRY RUN\] Nothing was started\.\n$/,
    );
    expect(await namesBelow('data/buckets/assets')).toEqual(['fox.glb']);
    await cyclorama(['validate', 'assets']);
    const after = await cyclorama(['validate', 'assets', '--dry-run', '--json']);
    expect(JSON.parse(after.out)).toMatchObject({
      plan: { counts: { total: '1', succeeded: '1', reused: '1' } },
      estimate: { perSecond: expect.any(Number) as number },
    });
  });

  it('refuses where the job would be refused, and where it cannot be told', async () => {
    const other = ['analyze', 's3://assets/', '--style', 'inspection', '--output', 's3://assets/', '--dry-run'];
    const refused = await cyclorama(other);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("holds a dataset of 'analysis' with default settings; expected 'analysis' with {");
    expect((await cyclorama(['analyze', './models', '--dry-run'])).code).toBe(2);
  });
});

it.each<[string[], number, RegExp]>([
  [['validate', './models/cube.obj'], 2, /^error: SOURCE: '.*cube.obj' is no .glb file; for other formats: /],
  [['inspect', '/dev/zero'], 2, /is a pipe, a socket or a device/],
  [
    ['inspect', './models/cube.obj', '-o', 'none/cube.json'],
    2,
    /^error: --output: 'none\/cube.json' is in a folder that does not exist/,
  ],
  [['put', '/dev/zero', 's3://assets/'], 2, /^error: PATH: '\/dev\/zero' is neither a file nor a folder\n$/],
  [['put', './empty', 's3://assets/', '--create-bucket'], 1, /^0 files .*\nerror: '.\/empty' holds no file\n$/],
  [['get', 's3://assets/nothing/', './results'], 1, /^0 files .*\nerror: 's3:\/\/assets\/nothing\/' holds no file\n$/],
  [
    ['get', 's3://assets/', './models/cube.obj'],
    2,
    /^error: DIR: '.\/models\/cube.obj' is a file; expected a folder\n$/,
  ],
  [['get', 's3://assets/', 's3://copies/'], 2, /^error: DIR: 's3:\/\/copies\/' is a URI; expected a folder\n$/],
])('%j says what is wrong with its words', async (words, code, text) => {
  await mkdir(join(folder, 'empty'), { recursive: true });
  const ended = await cyclorama(words);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toMatch(text);
});

it('a missing asset is named in a sentence, and so is a report that cannot be', async () => {
  const missing = await cyclorama(['inspect', 's3://assets/nothing.glb']);
  expect([missing.code, missing.err]).toEqual([
    1,
    "error: asset_not_found: asset 's3://assets/nothing.glb' does not exist\n",
  ]);
  const { code, err } = await cyclorama(['report', 'latest']);
  expect(code).toBe(1);
  expect(err).toMatch(/^error: job [0-9a-f]{32} writes nothing, so it has no report\n$/);
});

async function namesBelow(name: string): Promise<string[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, name).length + 1))
    .toSorted();
}
