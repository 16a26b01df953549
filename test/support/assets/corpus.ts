import { existsSync, readdirSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { ROOT } from '../../../cli/stack/data-dir.ts';
import type { TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import type { PlainCounts } from './plain-count.ts';

/** Suffixes of the assets in the corpus. */
export const SUFFIXES = ['.glb', '.gltf', '.obj', '.fbx', '.blend', '.stl', '.ply'];

/** Reasons for which we may refuse a file that Blender alone would import. */
const MAY_REFUSE = new Set([
  'invalid_asset',
  'unsafe_reference',
  'missing_dependency',
  'asset_too_large',
  'unsupported_format',
  'unsupported_extension',
]);

/** Finds the corpus of real files, which has a folder of assets and a folder of broken files. */
export function findCorpus(): string {
  const folder = process.env.CYCLORAMA_CORPUS_DIR ?? join(ROOT, '../shared/corpus');
  if (existsSync(join(folder, 'objects'))) return folder;
  throw new Error(`no corpus at '${folder}'; set CYCLORAMA_CORPUS_DIR to a folder that holds objects/ and bad/`);
}

/** Lists the names of all files of a set, with slashes, in order. */
export function filesOf(corpus: string, set: string): string[] {
  return readdirSync(join(corpus, set), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      posix.join(
        ...join(entry.parentPath, entry.name)
          .slice(corpus.length + 1)
          .split(sep),
      ),
    )
    .sort();
}

/** Returns whether a file of the corpus is an asset. */
export function isAsset(name: string): boolean {
  return SUFFIXES.some((suffix) => name.toLowerCase().endsWith(suffix));
}

/** Comparison of the service's answer to one file with that of bpy alone. */
export interface Comparison {
  asset: string;
  verdict: 'equal' | 'both refuse' | 'only we read it' | 'refused' | 'WRONG';
  service: string;
  plain: string;
}

/**
 * Compares a result with the counts of bpy alone.
 * Other counts, no result or a reason that is not allowed are WRONG.
 */
export function compare(
  asset: string,
  result: TaskResult | undefined,
  report: object | undefined,
  plain: PlainCounts | { error: string },
): Comparison {
  const row = { asset, plain: JSON.stringify(plain) };
  if (!result || !report) return { ...row, verdict: 'WRONG', service: result ? 'no report' : 'no result' };
  if (result.failure) {
    const { reason, message } = result.failure;
    const service = `${reason}: ${message}`;
    const reported = (report as { status?: string; reason?: string }).reason === reason;
    const nothing = 'faces' in plain && plain.faces === 0 && reason === 'no_geometry';
    if ('error' in plain || nothing) {
      const known = nothing || MAY_REFUSE.has(reason) || reason === 'import_failed' || reason === 'decode_failed';
      return { ...row, verdict: reported && known ? 'both refuse' : 'WRONG', service };
    }
    return { ...row, verdict: reported && MAY_REFUSE.has(reason) ? 'refused' : 'WRONG', service };
  }
  const { vertices, faces, topology } = (report as { stats: Record<string, unknown> & { topology: object } }).stats;
  const counts = { vertices, faces, ...topology };
  const service = JSON.stringify(counts);
  if ('error' in plain) return { ...row, verdict: 'only we read it', service };
  return { ...row, verdict: service === row.plain ? 'equal' : 'WRONG', service };
}
