import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readTools } from '../../scripts/tools.mjs';
import type { Counts } from './warm-pool.ts';

const SCRIPT = fileURLToPath(new URL('plain_inspect.py', import.meta.url));
const run = promisify(execFile);

/** Starts Blender for one file; throws with its last output if the import fails. */
export async function inspectPlainly(path: string): Promise<Counts> {
  const { stdout } = await run(readTools().python, [SCRIPT, path], { timeout: 120_000 });
  const { vertices, faces } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Counts;
  return { vertices, faces };
}
