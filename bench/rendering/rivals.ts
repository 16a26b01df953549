import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readTools } from '../../scripts/tools.mjs';

const SCRIPT = fileURLToPath(new URL('rival.py', import.meta.url));
const ASSET_MS = 120_000;
/** The images that every way renders, by the words in their file names. */
export const MODALITIES = ['textured', 'normal', 'depth', 'edge'] as const;

/** A way to render four images of one file after the other. */
export interface Rival {
  render(input: string, output: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a rival by name: `starts`, `once`, `loop` or `tuned`. */
export async function openRival(name: string, samples: number): Promise<Rival> {
  if (name === 'starts')
    return startedAnew(
      MODALITIES.map((modality) => [modality]),
      samples,
    );
  if (name === 'once') return startedAnew([MODALITIES], samples);
  if (name === 'loop') return warmLoop(samples, samples);
  if (name === 'tuned') return warmLoop(samples, 1);
  throw new Error(`no rival '${name}'; expected starts, once, loop or tuned`);
}

/** Makes a rival that starts Blender once for each group of modalities. */
function startedAnew(groups: readonly (readonly string[])[], samples: number): Rival {
  return {
    async render(input, output) {
      for (const group of groups) {
        const loop = openLoop(samples, samples, group);
        await loop.render(input, output);
        await loop.close();
      }
    },
    close: async () => {},
  };
}

/** Makes a rival with one Blender, which is warm before the clock starts. */
async function warmLoop(samples: number, dataSamples: number): Promise<Rival> {
  const loop = openLoop(samples, dataSamples, MODALITIES);
  await loop.ready;
  return loop;
}

function openLoop(samples: number, dataSamples: number, which: readonly string[]): Rival & { ready: Promise<void> } {
  const args = [SCRIPT, String(samples), String(dataSamples), which.join(',')];
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(readTools().python, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, PYTHONHASHSEED: '0' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const expectLine = async (expected: string): Promise<void> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the rival ended; expected '${expected}' of it`);
      if (value === expected) return;
    }
  };
  const ready = expectLine('ready');
  return {
    ready,
    async render(input, output) {
      await ready;
      const timer = setTimeout(() => child.kill('SIGKILL'), ASSET_MS);
      child.stdin.write(`${JSON.stringify([input, output])}\n`);
      await expectLine('done').finally(() => clearTimeout(timer));
    },
    async close() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.stdin.end();
      await ended;
    },
  };
}
