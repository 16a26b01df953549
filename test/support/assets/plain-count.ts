import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readTools } from '../../../scripts/tools.mjs';

const SCRIPT = fileURLToPath(new URL('../../corpus/plain_count.py', import.meta.url));
const TIMEOUT_MS = 120_000;

/** Counts of a file by bpy alone. */
export interface PlainCounts {
  vertices: number;
  faces: number;
  triangles: number;
  quads: number;
  ngons: number;
}

/** Counts the geometry of a file with bpy alone, in its own process; returns the error if the import fails. */
export async function plainCount(path: string): Promise<PlainCounts | { error: string }> {
  const { exitCode, signal, stdout, stderr } = await execa(readTools().python, ['-s', '-B', SCRIPT, path], {
    env: { PYTHONHASHSEED: '0' },
    timeout: TIMEOUT_MS,
    reject: false,
  });
  // Importers print too; the counts are in the last line.
  if (exitCode === 0) return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1)) as PlainCounts;
  const thrown = stderr.split('\n').findLast((line) => /^\w+(?:Error|Exception)\b/.test(line));
  return { error: signal === undefined ? (thrown ?? `exit code ${exitCode}`) : `signal ${signal}` };
}
