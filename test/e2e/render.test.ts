import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { type Stack, startStack } from '../../cli/stack/stack.ts';
import { type Ended, runCli } from '../support/programs/cli.ts';
import { freeStackPorts } from '../support/stacks/ports.ts';

const QUICK = ['--preset', 'draft', '--size', '64', '--samples', '1'];
const FILES = ['metadata.json', 'render_depth.png', 'render_edge.png', 'render_normal.png', 'render_textured.png'];
const OUTPUT = 's3://images/set/';

let folder: string;
let stack: Stack;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cyclorama-render-'));
  await mkdir(join(folder, 'models'));
  for (const name of ['fox.glb', 'truncated.glb']) await cp(join(ROOT, 'samples', name), join(folder, 'models', name));
  stack = await startStack({ data: join(folder, 'data'), portBase: await freeStackPorts() });
  await cyclorama(['put', 'models', 's3://models/', '--create-bucket']);
  await cyclorama(['put', 'models/fox.glb', 's3://images/unused/', '--create-bucket']);
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

function cyclorama(args: string[]): Promise<Ended> {
  return runCli(args, { data: join(folder, 'data'), cwd: folder });
}

describe('render', () => {
  it('renders a prefix, says why assets failed and where everything lies; a second run makes nothing anew', async () => {
    const first = await cyclorama(['render', 's3://models/', '--output', OUTPUT, ...QUICK]);
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^\[\d\/2\] 'fox.glb' {2}4 images, [\d.]+ s$/m);
    expect(first.out).toMatch(/^\[\d\/2\] FAILED 'truncated.glb': invalid_asset: the GLB is truncated/m);
    expect(first.out).toContain('[DONE] Processed 2 files. 1 Error.');
    expect(first.err).toContain(`npx cyclorama sheet ${OUTPUT}`);
    const place = join(folder, 'data/buckets/images/set');
    expect((await readdir(join(place, 'fox'))).toSorted()).toEqual(FILES);
    expect(await readFile(join(place, 'report.md'), 'utf8')).toContain('2 assets');
    const second = await cyclorama(['render', 's3://models/', '--output', OUTPUT, ...QUICK, '--fail-on-error']);
    expect(second.code).toBe(4);
    expect(second.out).toContain('[INFO] All 2 files were done by an earlier run and unchanged since.');
  });

  it('tells beforehand what there is to do, and how much of a CPU that takes', async () => {
    const done = await cyclorama(['render', 's3://models/', '--output', OUTPUT, ...QUICK, '--dry-run']);
    expect(done.out).toMatch(/^already done +2, 1 error among them$/m);
    const ring = [
      'render',
      's3://models/',
      '--output',
      's3://images/ring/',
      ...QUICK,
      '--views',
      'ring:3',
      '--dry-run',
    ];
    const { out, code } = await cyclorama(ring);
    expect(code).toBe(0);
    expect(out).toMatch(/^images +24 to make$/m);
    expect(out).toMatch(
      /^CPU hours +(?:under )?0\.\d\d \([\d.]+ s of Blender an asset, CPU; guessed from other settings\)$/m,
    );
  });

  it('renders a local folder and a single file into folders, contact sheet included', async () => {
    const many = await cyclorama(['render', 'models', '--output', 'images', ...QUICK]);
    expect(many.code).toBe(0);
    expect(many.err).toContain('images/index.html, in a browser');
    expect((await readdir(join(folder, 'images/fox'))).toSorted()).toEqual(FILES);
    expect((await readdir(join(folder, 'images/_cyclorama'))).toSorted()).toEqual(['records', 'sheet', 'thumbnails']);
    const one = await cyclorama(['render', 'models/fox.glb', '--output', 'one', '--modalities', 'depth', ...QUICK]);
    expect(one.code).toBe(0);
    expect((await readdir(join(folder, 'one/fox'))).toSorted()).toEqual(['metadata.json', 'render_depth.png']);
    expect(await readdir(join(folder, 'data/buckets/cyclorama-local'))).not.toContain('fox.glb');
  });

  it.each([
    [['models/fox.glb'], '--output: is needed here; expected a folder'],
    [['s3://models/'], '--output: is needed here; expected s3://bucket/prefix/'],
    [['models', '--output', 'x', '--dry-run'], '--dry-run: works only with a prefix of a bucket'],
    [['s3://models/', '--output', OUTPUT, '--size', '9999'], 'spec.width: is 9999; expected 16 to 4096'],
  ])('refuses %j', async (args, why) => {
    const { code, err } = await cyclorama(['render', ...args]);
    expect([code, err]).toEqual([2, expect.stringContaining(why)]);
  });
});

describe('sheet', () => {
  it('shows the sheet of a bucket until it is interrupted', async () => {
    let shown: Promise<string[]> | undefined;
    const onText: NonNullable<Parameters<typeof runCli>[1]['onText']> = ({ out }, child) => {
      const url = /^http:\S+$/m.exec(out)?.[0];
      if (url === undefined || shown !== undefined) return;
      const get = async (name: string): Promise<string> => `${(await fetch(new URL(name, url))).status}`;
      shown = Promise.all(['index.html', 'fox/render_depth.png', '../x', 'none'].map(get)).finally(() =>
        child.kill('SIGINT'),
      );
    };
    const ended = await runCli(['sheet', OUTPUT], { data: join(folder, 'data'), cwd: folder, onText });
    expect(await shown).toEqual(['200', '200', '404', '404']);
    expect(ended.code).toBe(130);
    const none = await cyclorama(['sheet', 's3://models/']);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("'s3://models/' holds no index.html")]);
  });
});
