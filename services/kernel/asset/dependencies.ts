import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { forEachBounded } from '../concurrency.ts';
import type { S3Place } from '../uri.ts';
import type { TriageLimits } from './limits.ts';
import { containedPath, type Dependency } from './reference.ts';
import { assertWithin, refusal } from './refusal.ts';
import { type TriageReport, triageFile } from './triage.ts';

/** A fetched file that an asset needs. Its ETag goes into the record. */
export interface FetchedDependency {
  uri: string;
  key: string;
  etag: string;
  size: number;
}

/**
 * Downloads one object to a local path, whose folder exists; returns undefined if there is no such object.
 * It must throw `asset_too_large` instead of writing more than `maxBytes`.
 */
export type FetchDependency = (
  key: string,
  localPath: string,
  maxBytes: number,
) => Promise<{ etag: string; size: number } | undefined>;

/** An asset with its local copy and its place in the bucket. The local folder holds only it and its dependencies. */
export interface LocalAsset {
  path: string;
  name: string;
  place: S3Place;
}

/** An asset on this machine, with all its files that the bucket has. */
export interface GatheredAsset {
  report: TriageReport;
  dependencies: FetchedDependency[];
  /** Warnings of the report, and one for each missing image or material file. */
  warnings: string[];
}

/** An OBJ names material files, and these name textures, so the third round finds nothing new. */
const MAX_ROUNDS = 3;
const PARALLEL_FETCHES = 4;
const MAX_KEY_BYTES = 1024;

/** Returns the key of a dependency, which is always in the folder of the asset's key or below it. */
export function dependencyKey(assetKey: string, uri: string): string {
  const path = containedPath(uri, uri);
  if (path === undefined)
    throw refusal('unsafe_reference', `the reference ${JSON.stringify(uri)} names a folder; expected a file`);
  return assetKey.slice(0, assetKey.lastIndexOf('/') + 1) + path;
}

/**
 * Triages an asset and fetches the files that it refers to, and repeats both until a round finds no new reference.
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

/**
 * Fetches dependencies to their paths relative to the asset.
 * Lists the missing ones, but throws if a buffer is missing.
 */
async function resolveDependencies(
  asset: LocalAsset,
  dependencies: Dependency[],
  fetch: FetchDependency,
  maxBytes: number,
): Promise<{ fetched: FetchedDependency[]; missing: string[] }> {
  const fetched: FetchedDependency[] = [];
  const missing: string[] = [];
  let bytes = 0;
  // forEachBounded waits for all fetches under way, so none writes into the folder after we have returned.
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
  // No object can have such a key, so we do not ask the store.
  if (Buffer.byteLength(key) > MAX_KEY_BYTES || !key.isWellFormed()) return undefined;
  if (!(await makeFolder(dirname(localPath)))) return undefined;
  const found = await fetch(key, localPath, maxBytes);
  return found && { uri, key, etag: found.etag, size: found.size };
}

/** Creates the folders of a reference; returns false if a name is too long or is already the name of a file. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    return true;
  } catch (error) {
    if (['ENAMETOOLONG', 'ENOTDIR', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
