import { rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import type { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { decodeAsset } from '../asset/decode.ts';
import { type GatheredAsset, gatherAsset } from '../asset/dependencies.ts';
import { DEFAULT_TRIAGE_LIMITS } from '../asset/limits.ts';
import type { Budget } from '../budget.ts';
import { CycloramaError } from '../failure.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseObjectUri, toS3Uri } from '../uri.ts';
import type { ExtraInput } from './operation.ts';
import type { TaskFolder } from './scratch.ts';

const DECODE_DEADLINE_MS = 300_000;
const DECODE_MEMORY_MB = 4_096;
const EXTENSION = /\.[A-Za-z0-9]{1,8}$/;

/** An asset on this machine in a form that Blender reads. */
export interface PreparedAsset {
  path: string;
  /** Bytes of the asset and of the files it refers to. */
  downloadedBytes: number;
  /** SHA-256 of the asset, hex. */
  sha256: string;
  warnings: string[];
  /** The file's own header: format, version, generator, author, licence. */
  header: FileHeader;
  /** Files that the asset refers to, as they were read. */
  dependencies: Asset[];
}

/** The store, limits and budgets that preparing an asset needs. */
export interface PrepareParts {
  store: Pick<ObjectStore, 'download' | 'checkBucket'>;
  maxAssetBytes: number;
  /** Room for so many decoders at a time: each may take as much memory as a Blender. */
  decoders: Budget;
  /** Objects that are put beside the asset. */
  extraInputs: ExtraInput[];
  timed: <T>(stage: string, work: () => Promise<T>) => Promise<T>;
}

/**
 * Fetches an asset with the files it refers to, checks it, and decodes what Blender cannot read. Errors name their
 * stage.
 */
export async function prepareAsset(
  { store, maxAssetBytes, decoders, extraInputs, timed }: PrepareParts,
  task: Task,
  folder: TaskFolder,
  signal: AbortSignal,
): Promise<PreparedAsset> {
  const asset = task.asset!;
  const place = parseObjectUri(asset.uri, 'asset.uri');
  store.checkBucket(place.bucket);
  if (asset.sizeBytes > BigInt(maxAssetBytes)) {
    throw new CycloramaError(
      'asset_too_large',
      `asset '${asset.uri}' has ${asset.sizeBytes} bytes; expected at most ${maxAssetBytes}`,
      { stage: 'download' },
    );
  }
  const name = place.key.slice(place.key.lastIndexOf('/') + 1);
  const local = join(folder.input, `${localStem(name)}${extensionOf(name)}`);
  // The listed size is that of the listed object, so the download must be of that object.
  const listed = asset.etag === '' ? {} : { etag: asset.etag, expectedBytes: Number(asset.sizeBytes) };
  const main = await atStage('download', () =>
    timed('download', () => store.download(place, local, { ...listed, maxBytes: maxAssetBytes }, signal)),
  );

  const fetch = async (
    key: string,
    path: string,
    maxBytes: number,
  ): Promise<{ etag: string; size: number } | undefined> => {
    try {
      const got = await store.download({ bucket: place.bucket, key }, path, { maxBytes }, signal);
      return { etag: got.etag, size: got.sizeBytes };
    } catch (error) {
      if (error instanceof CycloramaError && error.reason === 'asset_not_found') return undefined;
      throw error;
    }
  };
  const gathered = await atStage('triage', () =>
    timed('triage', () => gatherAsset({ path: local, name, place }, fetch, DEFAULT_TRIAGE_LIMITS)),
  );
  const dependencies = gathered.dependencies.map(
    ({ key, etag, size }): Asset => ({
      uri: toS3Uri({ bucket: place.bucket, key }),
      etag,
      sizeBytes: BigInt(size),
      lastModifyTime: undefined,
    }),
  );
  const downloadedBytes = main.sizeBytes + gathered.dependencies.reduce((sum, { size }) => sum + size, 0);
  const { path, warnings } = await atStage('decode', () =>
    timed('decode', () => toReadable(decoders, local, gathered, folder, signal)),
  );
  for (const { place: extra, etag, maxBytes, fileName } of extraInputs) {
    store.checkBucket(extra.bucket);
    const got = await atStage('download', () =>
      timed('download', () => store.download(extra, join(folder.input, fileName), { etag, maxBytes }, signal)),
    );
    dependencies.push({ ...got, uri: toS3Uri(extra), sizeBytes: BigInt(got.sizeBytes), lastModifyTime: undefined });
  }
  const { header } = gathered.report;
  const { sha256 } = main;
  return { path, downloadedBytes, sha256, dependencies, header, warnings: [...gathered.warnings, ...warnings] };
}

/** Gives the file the extension of its content, or replaces it by a decoded copy. */
async function toReadable(
  decoders: Budget,
  local: string,
  { report }: GatheredAsset,
  folder: TaskFolder,
  signal: AbortSignal,
): Promise<{ path: string; warnings: string[] }> {
  const stem = join(folder.input, basename(local, extname(local)));
  const readable = `${stem}.${report.format}`;
  if (readable !== local) await rename(local, readable);
  if (report.decode.length === 0) return { path: readable, warnings: [] };
  const path = `${stem}.decoded.glb`;
  const { decoded, warnings } = await decoders.within(1, signal, () =>
    decodeAsset(readable, path, { signal, deadlineMs: DECODE_DEADLINE_MS, memoryMb: DECODE_MEMORY_MB }),
  );
  await rm(readable);
  return { path, warnings: [`decoded before import: ${decoded.join(', ')}`, ...warnings] };
}

/** Names the stage in an error that has none. */
async function atStage<T>(stage: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CycloramaError) || error.detail.stage) throw error;
    throw new CycloramaError(error.reason, error.message, { ...error.detail, stage, cause: error });
  }
}

/**
 * Returns the file's name on this machine, so that Blender's messages name the asset; `asset` if the real name is
 * unsafe as a file name.
 */
function localStem(name: string): string {
  const stem = name.replace(EXTENSION, '');
  return /^[\p{L}\p{N}_][\p{L}\p{N} ._()+-]{0,59}$/u.test(stem) ? stem : 'asset';
}

function extensionOf(name: string): string {
  return EXTENSION.exec(name)?.[0].toLowerCase() ?? '';
}
