import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';

import { ROOT } from '../../cli/stack/data-dir.ts';
import { decodeAsset } from '../../services/kernel/asset/decode.ts';
import { until } from '../support/poll.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MODULE = fileURLToPath(new URL('../../services/kernel/asset/decode.ts', import.meta.url));
const folder = temporaryFolder();
let input = '';
let output = '';

beforeEach(() => {
  // Opening a pipe that nobody writes to never returns: a decoder that hangs.
  input = join(folder(), 'hangs.glb');
  output = join(folder(), 'decoded.glb');
  execFileSync('mkfifo', [input]);
});

/** Process ids of decoders of this test's input. */
async function decoders(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => ((await commandOf(pid)).includes(`decode-main.ts\0${input}`) ? [Number(pid)] : [])),
  );
  return found.flat();
}

async function commandOf(pid: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

describe('the decoding process', () => {
  const signal = new AbortController().signal;

  it('is killed at its deadline', async () => {
    const decoding = decodeAsset(input, output, { signal, deadlineMs: 1_000, memoryMb: 2_048 });
    await expect(decoding).rejects.toMatchObject({
      reason: 'decode_failed',
      message: 'decoding took longer than 1000 ms',
    });
    expect(await decoders()).toEqual([]);
  });

  it('is killed when it holds more memory than it may', async () => {
    const decoding = decodeAsset(input, output, { signal, deadlineMs: 60_000, memoryMb: 30 });
    await expect(decoding).rejects.toMatchObject({
      reason: 'asset_too_large',
      message: 'decoding needs more than 30 MB of memory',
    });
    expect(await decoders()).toEqual([]);
  });

  it('that finds no room for what it made does not blame the asset', async () => {
    await symlink('/dev/full', output);
    const decoding = decodeAsset(join(ROOT, 'samples/helmet.glb'), output, {
      signal,
      deadlineMs: 60_000,
      memoryMb: 2_048,
    });
    await expect(decoding).rejects.toMatchObject({
      reason: 'scratch_full',
      message: 'the scratch disk cannot be used: ENOSPC: no space left on device, write',
    });
    await expect(lstat(output)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is killed by an abort, which throws the reason of the signal', async () => {
    const abort = new AbortController();
    const decoding = decodeAsset(input, output, { signal: abort.signal, deadlineMs: 60_000, memoryMb: 2_048 });
    const ended = expect(decoding).rejects.toThrow('the job was cancelled');
    await until('it is at work', async () => (await decoders()).length === 1);
    abort.abort(new Error('the job was cancelled'));
    await ended;
    expect(await decoders()).toEqual([]);
  });

  it('is not even started when the signal has aborted', async () => {
    const aborted = AbortSignal.abort(new Error('too late'));
    await expect(decodeAsset(input, output, { signal: aborted, deadlineMs: 60_000, memoryMb: 2_048 })).rejects.toThrow(
      'too late',
    );
  });

  it('dies with its parent, even when that is killed by SIGKILL', async () => {
    const script = `
      import { decodeAsset } from ${JSON.stringify(MODULE)};
      const signal = new AbortController().signal;
      await decodeAsset(${JSON.stringify(input)}, ${JSON.stringify(output)}, { signal, deadlineMs: 60_000, memoryMb: 2_048 });`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const exited = once(parent, 'exit');
    await until('it is at work', async () => (await decoders()).length === 1);
    parent.kill('SIGKILL');
    await exited;
    await until('it is gone', async () => (await decoders()).length === 0);
  });
});
