import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { forEachBounded } from '../concurrency.ts';
import type { S3Place } from '../uri.ts';
import type { TriageLimits } from './limits.ts';
import { containedPath, type Dependency } from './reference.ts';
import { assertWithin, refusal } from './refusal.ts';
import { type TriageReport, triageFile } from './triage.ts';

/** A file that an asset needed and got; its ETag goes into the record. */
export interface FetchedDependency {
  uri: string;
  key: string;
  etag: string;
  size: number;
}

/**
 * Brings one object to a local path, whose folder exists; undefined when there is no such object.
 * It must not write more than `maxBytes`, but throw `asset_too_large`.
 */
export type FetchDependency = (
  key: string,
  localPath: string,
  maxBytes: number,
) => Promise<{ etag: string; size: number } | undefined>;

/** Where an asset is, here and in its bucket. Its local folder holds nothing else but its dependencies. */
export interface LocalAsset {
  path: string;
  name: string;
  place: S3Place;
}

/** An asset that is whole on this machine, as far as its bucket has it. */
export interface GatheredAsset {
  report: TriageReport;
  dependencies: FetchedDependency[];
  /** The report's, and one for each image or material file that is missing. */
  warnings: string[];
}

/** An OBJ names material files, which name textures: after the third look nothing new can come. */
const MAX_ROUNDS = 3;
const PARALLEL_FETCHES = 4;
const MAX_KEY_BYTES = 1024;

/** The key of a dependency: always at or below the folder of the asset's own key. */
export function dependencyKey(assetKey: string, uri: string): string {
  const path = containedPath(uri, uri);
  if (path === undefined)
    throw refusal('unsafe_reference', `the reference ${JSON.stringify(uri)} names a folder; expected a file`);
  return assetKey.slice(0, assetKey.lastIndexOf('/') + 1) + path;
}

/**
 * Triages an asset and fetches what it refers to, in turns until nothing new turns up, so that fetched files are looked into as well.
 * A missing buffer throws `missing_dependency`; a missing image or material file is a warning.
 */
export async function gatherAsset(
  asset: LocalAsset,
  fetch: FetchDependency,
  limits: TriageLimits,
): Promise<GatheredAsset> {
  const fetched: FetchedDependency[] = [];
  const asked = new Set<string>();
  const missing: string[] = [];
  let report = await triageFile(asset.path, asset.name, limits);
  for (let round = 1; round < MAX_ROUNDS; round++) {
    const wanted = report.dependencies.filter(({ uri }) => !asked.has(uri));
    if (wanted.length === 0) break;
    for (const { uri } of wanted) asked.add(uri);
    assertWithin(asked.size, limits.dependencies, 'files that the asset refers to');
    const used = fetched.reduce((sum, { size }) => sum + size, 0);
    const resolved = await resolveDependencies(asset, wanted, fetch, limits.dependencyBytes - used);
    fetched.push(...resolved.fetched);
    missing.push(...resolved.missing);
    report = await triageFile(asset.path, asset.name, limits);
  }
  return {
    report,
    dependencies: fetched,
    warnings: [...report.warnings, ...missing.map((uri) => `the file '${uri}' is missing`)],
  };
}

/** Fetches dependencies to where the asset's relative references find them; gives the URIs that do not exist apart from buffers. */
async function resolveDependencies(
  asset: LocalAsset,
  dependencies: Dependency[],
  fetch: FetchDependency,
  maxBytes: number,
): Promise<{ fetched: FetchedDependency[]; missing: string[] }> {
  const fetched: FetchedDependency[] = [];
  const missing: string[] = [];
  let bytes = 0;
  // None may write into the folder after we have returned.
  await forEachBounded(dependencies, PARALLEL_FETCHES, async ({ uri, kind }) => {
    const found = await resolveOne(asset, uri, fetch, maxBytes - bytes);
    if (found) {
      bytes += found.size;
      assertWithin(bytes, maxBytes, 'bytes of the files that the asset refers to');
      fetched.push(found);
    } else if (kind === 'buffer') {
      throw refusal(
        'missing_dependency',
        `the buffer '${uri}' is not in the bucket; expected '${dependencyKey(asset.place.key, uri)}'`,
      );
    } else missing.push(uri);
  });
  return { fetched: fetched.sort((a, b) => (a.key < b.key ? -1 : 1)), missing: missing.sort() };
}

async function resolveOne(
  asset: LocalAsset,
  uri: string,
  fetch: FetchDependency,
  maxBytes: number,
): Promise<FetchedDependency | undefined> {
  const key = dependencyKey(asset.place.key, uri);
  const localPath = join(dirname(asset.path), uri);
  if (localPath === asset.path)
    throw refusal('unsafe_reference', `the reference '${uri}' would replace the asset itself`);
  // No object has such a key, and no store answers for it.
  if (Buffer.byteLength(key) > MAX_KEY_BYTES || !key.isWellFormed()) return undefined;
  if (!(await makeFolder(dirname(localPath)))) return undefined;
  const found = await fetch(key, localPath, maxBytes);
  return found && { uri, key, etag: found.etag, size: found.size };
}

/** Makes the folders of a reference; false where a file name cannot be that long or is a folder's name, too. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    return true;
  } catch (error) {
    if (['ENAMETOOLONG', 'ENOTDIR', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
