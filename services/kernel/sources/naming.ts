import type { Asset, AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { parseS3Uri } from '../uri.ts';
import { isInventory } from './inventory.ts';

/** The rule that makes a job's output names from keys. */
export interface Naming {
  /** The folder of the source's prefix, which names leave out. */
  folder: string;
  /** The suffixes that the job accepts. With several, or one without a dot, output names keep the extension. */
  suffixes: string[];
  /** Keys may be of any bucket and have any ending, so output names consist of the bucket and the whole key. */
  byWholeKey?: boolean;
}

/**
 * Reads the naming of a job from the source at the root of its chain, so that a retry uses the same names as the job
 * before it. Jobs note that source when they are created; for older ones the chain is followed as far as it is known.
 * The naming depends on requests alone, never on today's content of a prefix or manifest.
 */
export async function readNaming(
  source: AssetSource,
  readJob: (jobId: string) => Promise<Job | undefined>,
): Promise<Naming> {
  const MAX_CHAIN = 16;
  let current = source.source;
  for (let depth = 0; depth < MAX_CHAIN && current?.$case === 'job'; depth++) {
    current = (await readJob(current.value.jobId))?.source?.source;
  }
  // An inventory is of one bucket.
  if (current?.$case === 'manifest' && isInventory(current.value.uri)) {
    return { folder: '', suffixes: current.value.suffixes };
  }
  // A list may name `chair.glb` and `chair.obj`: their endings keep their outputs apart.
  if (current?.$case === 'list') return { folder: '', suffixes: [...new Set(current.value.uris.map(endingOf))] };
  if (current?.$case !== 'prefix') return { folder: '', suffixes: [], byWholeKey: true };
  const { key } = parseS3Uri(current.value.prefixUri, 'source.prefix.prefix_uri');
  return { folder: key.slice(0, key.lastIndexOf('/') + 1), suffixes: current.value.suffixes };
}

function endingOf(uri: string): string {
  return /\.[^./]+$/.exec(uri)?.[0] ?? '';
}

/** Returns the name of an asset in its outputs, with its extension. */
export function toAssetName({ folder, byWholeKey }: Naming, asset: Asset): string {
  const { bucket, key } = parseS3Uri(asset.uri, 'uri');
  if (byWholeKey) return `${bucket}/${key}`;
  return key.startsWith(folder) ? key.slice(folder.length) : key;
}

/** Returns whether the extension stays in output names. */
export function keepsExtension({ suffixes, byWholeKey = false }: Naming): boolean {
  // A suffix without a dot, such as `b`, accepts `chair.glb` and `chair.stlb`.
  return byWholeKey || suffixes.length > 1 || suffixes.some((suffix) => !suffix.includes('.'));
}
