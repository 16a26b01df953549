import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';
import { type Stack, startStack } from '../../cli/stack/stack.ts';
import { until } from '../support/poll.ts';
import { type CliOptions, type Ended, jsonLines, runCli } from '../support/programs/cli.ts';
import { freeStackPorts } from '../support/stacks/ports.ts';

const SAMPLES = join(ROOT, 'samples');
const ASSETS = 12;

let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cyclorama-cli-'));
  stack = await startStack({ data: join(folder, 'data'), portBase: await freeStackPorts() });
  const { code } = await cyclorama(['put', SAMPLES, 's3://models/', '--create-bucket']);
  expect(code).toBe(0);
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command on this file's stack. */
function cyclorama(args: string[], options: Partial<CliOptions> = {}): Promise<Ended> {
  return runCli(args, { data: join(folder, 'data'), ...options });
}

/** What one asset's block looks like, in the shape that the exercise gives. */
const BLOCK =
  /^\[\d+\/\d+\] processing '[^']+'\.\.\.\n {3}> Downloaded \(\d+\.\d MB\)\n(?: {3}> Stats: [\d,]+ verts?, \d+ materials?\.\n {3}> Report uploaded to '[^']+_report\.json'\.\n {3}> Cleanup: Local file deleted\. BPY memory cleared\.\n| {3}> ERROR: .+\n {3}> Uploaded error report\. Continuing\.\.\.\n)\n/gm;

describe('validate', () => {
  it('prints the console of the exercise in a pipe, and a limit where one is set', async () => {
    const { code, out, err } = await cyclorama(['validate', 'models', '', '--limit', '4']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).not.toContain('\u001b');
    expect(out).toMatch(
      /^\[INFO\] Scanning 's3:\/\/models\/'\.\.\. found 12 files\.\n\[INFO\] Processing limit set to 4\.\n\n\[1\/4\]/,
    );
    expect(out.match(BLOCK)).toHaveLength(4);
    expect(out).toMatch(/\n\[DONE\] Processed 4 files\. 0 Errors\.\n$/);
  });

  it('goes on with the rest, says what was done before, and tells scripts of failures where they ask', async () => {
    const { code, out } = await cyclorama(['validate', 'models', '', '--fail-on-error']);
    expect(code).toBe(4);
    expect(out.match(BLOCK)).toHaveLength(ASSETS - 4);
    expect(out.match(/ already done\.\n {3}> Report at '/g)).toHaveLength(4);
    expect(out).toContain('[INFO] 4 of 12 files were done by an earlier run and unchanged since.');
    expect(out).toMatch(/ERROR: no_geometry: .*empty\.glb/);
    expect(out).toMatch(/\n\[DONE\] Processed 12 files\. 2 Errors\.\n$/);
    const reports = (await readdir(join(folder, 'data/buckets/models'))).filter((name) =>
      name.endsWith('_report.json'),
    );
    expect(reports).toHaveLength(ASSETS);
  });

  it('gives lines of JSON: the scan, each result, the job', async () => {
    const lines = jsonLines<Record<string, object>>(await cyclorama(['validate', 'models', '', '--json']));
    expect(lines.map((line) => Object.keys(line)[0])).toEqual(['scan', ...Array(ASSETS).fill('result'), 'job']);
    expect(lines.at(-1)!.job).toMatchObject({ state: 'JOB_STATE_SUCCEEDED', counts: { total: '12', reused: '12' } });
  });

  it('does nothing over a prefix without files', async () => {
    const { code, out } = await cyclorama(['validate', 'models', 'nothing/']);
    expect([code, out]).toEqual([
      0,
      "[INFO] Scanning 's3://models/nothing/'... found 0 files.\n\n[DONE] Processed 0 files. 0 Errors.\n",
    ]);
  });
});

describe('analyze', () => {
  it('reports on one asset', async () => {
    const { code, out } = await cyclorama(['analyze', 's3://models/fox.glb']);
    expect(code).toBe(0);
    expect(out).toMatch(/vertices +1,728\n +faces +576 \(576 triangles/);
  });

  it('fails with the reason of an asset that cannot be analysed', async () => {
    const { code, err } = await cyclorama(['analyze', 's3://models/truncated.glb']);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: invalid_asset: /);
  });

  it('lets go of its job at Ctrl-C and says how to follow it, which then works', async () => {
    let interrupted = false;
    const left = await cyclorama(['analyze', 's3://models/', '--output', 's3://models/left/'], {
      onText: ({ err }, child) => {
        if (interrupted || !err.includes('job ')) return;
        interrupted = true;
        child.kill('SIGINT');
      },
    });
    expect(left.code).toBe(130);
    const jobId = /job watch ([0-9a-f]{32}) --data/.exec(left.err)?.[1];
    expect(jobId).toBeDefined();
    const { code, out } = await cyclorama(['job', 'watch', jobId!]);
    expect(code).toBe(0);
    expect(out).toMatch(/state +SUCCEEDED\n/);
  });

  it('follows its job through the death of the service and shows every result once', async () => {
    let killed = false;
    const { code, out } = await cyclorama(['analyze', 's3://models/', '--output', 's3://models/through/'], {
      onText: ({ out }) => {
        if (killed || !out.includes('[2/')) return;
        killed = true;
        void stack.kill('analysis', 'SIGKILL');
      },
    });
    expect(killed).toBe(true);
    expect(code).toBe(0);
    const names = [...out.matchAll(/processing '([^']+)'/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(ASSETS);
    expect(names).toHaveLength(ASSETS);
    expect(out).toContain('[DONE] Processed 12 files. 2 Errors.');
  });
});

describe('discover, put and get', () => {
  it('list assets in key order, as lines of JSON', async () => {
    const assets = jsonLines<{ uri: string }>(await cyclorama(['discover', 's3://models/', '--limit', '3', '--json']));
    expect(assets.map(({ uri }) => uri)).toEqual([
      's3://models/alien.glb',
      's3://models/brick.glb',
      's3://models/chair.glb',
    ]);
  });

  it('bring back what was sent, byte for byte, and send nothing twice', async () => {
    const again = await cyclorama(['put', SAMPLES, 's3://models/']);
    expect(again.err).toMatch(/^0 files .* sent/);
    expect((await cyclorama(['get', 's3://models/fox.glb', folder])).code).toBe(0);
    expect(await readFile(join(folder, 'fox.glb'))).toEqual(await readFile(join(SAMPLES, 'fox.glb')));
  });

  it('send a single file under the key it is given', async () => {
    await writeFile(join(folder, 'note.txt'), 'hello');
    expect((await cyclorama(['put', join(folder, 'note.txt'), 's3://models/notes/first.txt'])).code).toBe(0);
    expect(await readFile(join(folder, 'data/buckets/models/notes/first.txt'), 'utf8')).toBe('hello');
  });
});

describe('job', () => {
  it('shows the latest job, its failures and their reasons', async () => {
    await cyclorama(['validate', 'models', '']);
    expect((await cyclorama(['job', 'list', '--limit', '1'])).out).toMatch(
      /^JOB .*\n[0-9a-f]{32} +analysis +SUCCEEDED .*\n$/,
    );
    const failed = jsonLines<{ failure: { reason: string } }>(
      await cyclorama(['job', 'results', 'latest', '--failed', '--json']),
    );
    expect(failed.map(({ failure }) => failure.reason).toSorted()).toEqual(['invalid_asset', 'no_geometry']);
  });

  it('retries the failed assets of a job in a new one', async () => {
    const { code, out } = await cyclorama(['job', 'retry', 'latest', '--watch', '--fail-on-error']);
    expect(code).toBe(4);
    expect(out).toMatch(/failed +2\n/);
    expect(out).toMatch(/retry of +[0-9a-f]{32}\n/);
  });

  it('says what is wrong with a job that is not there', async () => {
    const { code, err } = await cyclorama(['job', 'get', '0'.repeat(32), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ error: { reason: 'job_not_found', code: 'NOT_FOUND' } });
  });
});

describe('call', () => {
  it('calls a method with JSON from standard input and answers with JSON', async () => {
    const { code, out } = await cyclorama(['call', 'DiscoveryService/ListAssets', '-'], {
      input: '{"prefix_uri":"s3://models/","page_size":2}',
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ assets: [{ uri: 's3://models/alien.glb', sizeBytes: '493204' }, {}] });
  });

  it('answers with a line a message for streams, those of requests too', async () => {
    const scan = await cyclorama(['call', 'DiscoveryService/ScanAssets', '{"prefixUri":"s3://models/","limit":"2"}']);
    expect(jsonLines<{ assets: object[] }>(scan)[0]!.assets).toHaveLength(2);
    const reflect = await cyclorama([
      'call',
      'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      '{"listServices":""}',
    ]);
    expect(reflect.out).toContain('cyclorama.job.v1.JobService');
  });

  it('lists the methods', async () => {
    const { out } = await cyclorama(['call', '--list']);
    expect(out).toContain('cyclorama.job.v1.JobService/WatchJob  (cyclorama.job.v1.WatchJobRequest) -> stream ');
  });
});

describe('what goes wrong', () => {
  it.each([
    [['validate'], 2, "missing required argument 'source'"],
    [['nonsense'], 2, "unknown command 'nonsense'"],
    [['analyze', 'models/fox.glb'], 2, 'expected s3://bucket/key'],
    [['call', 'JobService/GetJob', '{"job":1}'], 2, 'key "job" is unknown'],
    [['validate', 'no-such-bucket'], 1, "bucket 'no-such-bucket' does not exist"],
    [['job', 'watch', '0'.repeat(32), '--endpoint', '127.0.0.1:1'], 3, 'no server answers at 127.0.0.1:1'],
    [['job', 'list', '--endpoint', '127.0.0.1:1'], 3, 'no server answers at 127.0.0.1:1'],
  ])('%j ends with %i', async (args, code, text) => {
    const ended = await cyclorama(args);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(text);
    expect(ended.err).not.toContain('    at ');
  });

  it('a reader that has seen enough ends the command in peace', async () => {
    const child = spawn(
      'bash',
      [
        '-c',
        `"$0" cli/cyclorama.mjs call --list --data "$1" | head -1; echo "\${PIPESTATUS[0]}"`,
        process.execPath,
        folder,
      ],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let out = '';
    for await (const chunk of child.stdout) out += chunk;
    expect(out).toMatch(/AnalyzeAsset .*\n0\n$/);
  });
});

const EXERCISE_2 = ['metadata.json', 'render_depth.png', 'render_edge.png', 'render_normal.png', 'render_textured.png'];

describe('demo', () => {
  it('runs the pipeline over the samples, says where results lie, stops what it started; a second run reuses all', async () => {
    const data = join(folder, 'demo');
    const first = await cyclorama(['demo'], { data });
    expect(first.code).toBe(0);
    expect(first.out.match(BLOCK)).toHaveLength(ASSETS);
    expect(first.out).toContain('[DONE] Processed 12 files. 2 Errors.');
    expect(first.out).toContain(join(data, 'buckets/samples/'));
    const rendered = join(data, 'buckets/samples-rendered');
    expect(first.out).toContain(join(rendered, 'index.html'));
    expect((await readdir(join(rendered, 'chair'))).toSorted()).toEqual(EXERCISE_2);
    expect(await readFile(join(rendered, 'index.html'), 'utf8')).toContain('samples-rendered/: contact sheet');
    const second = await cyclorama(['demo'], { data });
    expect(second.code).toBe(0);
    expect(second.out.match(/All 12 files were done by an earlier run and unchanged since/g)).toHaveLength(2);
    await until('nothing runs on it', async () => (await processesOf(data)).length === 0);
  });
});

/** Every process of a stack has the data folder in its command line or environment. */
async function processesOf(data: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const files = await Promise.allSettled([
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
        readFile(`/proc/${pid}/environ`, 'utf8'),
      ]);
      const text = files.map((file) => (file.status === 'fulfilled' ? file.value : '')).join(' ');
      return text.includes(data) ? [pid] : [];
    }),
  );
  return texts.flat();
}
