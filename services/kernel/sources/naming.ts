import type { Asset, AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { parseS3Uri } from '../uri.ts';
import { isInventory } from './inventory.ts';

/** How output names of a job come from keys. */
export interface Naming {
  /** Left out of names; the folder of the source's prefix. */
  folder: string;
  /** The suffixes that the job accepts; with several, or one without a dot, the extension stays in output names. */
  suffixes: string[];
  /** Keys of any bucket with any ending may come, so output names are made of both. */
  byWholeKey?: boolean;
}

/**
 * How outputs are named: by the source of the job itself or of the one at the root of a chain, so that a retry
 * names them as the job before did. It depends on the request alone, never on what a prefix or manifest holds today.
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
  // An inventory is that of one bucket.
  if (current?.$case === 'manifest' && isInventory(current.value.uri)) {
    return { folder: '', suffixes: current.value.suffixes };
  }
  // A list takes whatever it names: `chair.glb` and `chair.obj` in one are told apart by their endings.
  if (current?.$case === 'list') return { folder: '', suffixes: [...new Set(current.value.uris.map(endingOf))] };
  if (current?.$case !== 'prefix') return { folder: '', suffixes: [], byWholeKey: true };
  const { key } = parseS3Uri(current.value.prefixUri, 'source.prefix.prefix_uri');
  return { folder: key.slice(0, key.lastIndexOf('/') + 1), suffixes: current.value.suffixes };
}

function endingOf(uri: string): string {
  return /\.[^./]+$/.exec(uri)?.[0] ?? '';
}

/** The name of an asset in its outputs, extension included. */
export function toAssetName({ folder, byWholeKey }: Naming, asset: Asset): string {
  const { bucket, key } = parseS3Uri(asset.uri, 'uri');
  if (byWholeKey) return `${bucket}/${key}`;
  return key.startsWith(folder) ? key.slice(folder.length) : key;
}

/** Whether the extension stays in output names. */
export function keepsExtension({ suffixes, byWholeKey = false }: Naming): boolean {
  // The suffix `b` alone takes `chair.glb` and `chair.stlb`.
  return byWholeKey || suffixes.length > 1 || suffixes.some((suffix) => !suffix.includes('.'));
}
