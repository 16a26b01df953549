import type { Asset, AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import type { ScanAssetsRequest, ScanAssetsResponse } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { Job, JobState } from '../../gen/cyclorama/job/v1/job.ts';
import type { JobEntry } from '../../gen/cyclorama/job/v1/task.ts';
import type { Bus } from './bus-types.ts';
import { CycloramaError } from './failure.ts';
import { isEnded } from './job-state.ts';
import type { ObjectStore } from './object-store.ts';
import { readResults } from './results.ts';
import { parseObjectUri, parseS3Uri } from './uri.ts';

/** No scan outlives so many assets, so that a broken one costs little. */
const WINDOW = 10_000;
/** Assets between two cursors that a driver may save. */
const BATCH = 100;
const MAX_MANIFEST_BYTES = 2 * 1024 ** 3 - 1;
export const MAX_ASSETS = 10_000_000;
const HEADS_AT_ONCE = 16;

/** Some assets of a source, and where to go on after them. */
export interface SourceBatch {
  assets: Asset[];
  cursor: string;
}

/** The store does not list in key order, so a scan cannot be taken up in the middle. */
export class UnsortedSource extends Error {}

/** Asks the discovery service for assets. */
export type Scan = (
  request: ScanAssetsRequest,
  traceId: string,
  signal: AbortSignal,
) => AsyncIterable<ScanAssetsResponse>;

/** What reading a source takes. */
export interface SourceParts {
  scan: Scan;
  store: Pick<ObjectStore, 'head' | 'read'>;
  bus: Pick<Bus, 'reader'>;
  readJob: (jobId: string) => Promise<Job | undefined>;
}

/** Reads the assets of a job's source from a cursor on; `taken` of them came before. */
export async function* readSource(
  parts: SourceParts,
  entry: JobEntry,
  taken: number,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const source = entry.job!.source!.source!;
  const { cursor } = entry;
  switch (source.$case) {
    case 'prefix':
      yield* inBatches(scanPrefix(parts.scan, entry, source.value, taken, signal));
      return;
    case 'list':
      yield* readNamed(parts.store, source.value.uris, cursor, signal);
      return;
    case 'manifest':
      yield* readNamed(parts.store, await readManifest(parts.store, source.value.uri, signal), cursor, signal);
      return;
    case 'job':
      yield* readJobSource(parts, source.value, entry, signal);
  }
}

/** Counts the assets of a source, telling the sum so far; a job source is not counted, since it grows. */
export async function* countSource(parts: SourceParts, entry: JobEntry, signal: AbortSignal): AsyncGenerator<number> {
  const source = entry.job!.source!.source!;
  if (source.$case === 'list') yield source.value.uris.length;
  if (source.$case === 'manifest') yield (await readManifest(parts.store, source.value.uri, signal)).length;
  if (source.$case !== 'prefix') return;
  let total = 0;
  for await (const assets of scanPrefix(parts.scan, { ...entry, cursor: '' }, source.value, 0, signal)) {
    total += assets.length;
    if (total > MAX_ASSETS) {
      throw new CycloramaError(
        'too_many_assets',
        `'${source.value.prefixUri}' has over ${MAX_ASSETS} assets; split it by prefix`,
      );
    }
    yield total;
  }
  yield total;
}

/** Scans window by window, each after the last key of the one before; an unsorted store in one go. */
async function* scanPrefix(
  scan: Scan,
  entry: JobEntry,
  prefix: { prefixUri: string; suffixes: string[]; limit: bigint },
  taken: number,
  signal: AbortSignal,
): AsyncGenerator<Asset[]> {
  const limit = prefix.limit === 0n ? Number.POSITIVE_INFINITY : Number(prefix.limit);
  let startAfter = entry.cursor;
  let left = limit - taken;
  while (left > 0) {
    const window = entry.unsorted ? left : Math.min(left, WINDOW);
    const request = {
      prefixUri: prefix.prefixUri,
      suffixes: prefix.suffixes,
      startAfter,
      limit: Number.isFinite(window) ? BigInt(window) : 0n,
    };
    let seen = 0;
    for await (const { assets } of scan(request, entry.job!.traceId, signal)) {
      signal.throwIfAborted();
      for (const asset of assets) {
        const { key } = parseS3Uri(asset.uri, 'uri');
        if (!entry.unsorted && Buffer.compare(Buffer.from(startAfter), Buffer.from(key)) >= 0) {
          throw new UnsortedSource(
            `'${prefix.prefixUri}' is not listed in key order: '${key}' came after '${startAfter}'`,
          );
        }
        startAfter = key;
      }
      seen += assets.length;
      yield assets;
    }
    left -= seen;
    if (entry.unsorted || seen < window) return;
  }
}

async function* inBatches(pages: AsyncIterable<Asset[]>): AsyncGenerator<SourceBatch> {
  for await (const page of pages) {
    for (let i = 0; i < page.length; i += BATCH) {
      const assets = page.slice(i, i + BATCH);
      yield { assets, cursor: parseS3Uri(assets.at(-1)!.uri, 'uri').key };
    }
  }
}

/** Looks up assets that a list or manifest names; the cursor is an index. One that is not there comes without ETag: its task will say so. */
async function* readNamed(
  store: Pick<ObjectStore, 'head'>,
  uris: string[],
  cursor: string,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  for (let i = Number(cursor || 0); i < uris.length; i += HEADS_AT_ONCE) {
    const some = uris.slice(i, i + HEADS_AT_ONCE);
    const assets = await Promise.all(
      some.map(async (uri): Promise<Asset> => {
        const found = await store.head(parseObjectUri(uri, 'uri'), signal);
        return {
          uri,
          sizeBytes: found?.sizeBytes ?? 0n,
          etag: found?.etag ?? '',
          lastModifyTime: found?.lastModifyTime,
        };
      }),
    );
    yield { assets, cursor: String(i + some.length) };
  }
}

async function readManifest(store: Pick<ObjectStore, 'read'>, uri: string, signal: AbortSignal): Promise<string[]> {
  const found = await store.read(parseObjectUri(uri, 'source.manifest.uri'), MAX_MANIFEST_BYTES, signal);
  if (!found) throw new CycloramaError('asset_not_found', `manifest '${uri}' does not exist`);
  return parseManifest(found.body.toString('utf8'), uri);
}

/** The asset URIs of a manifest, each once, in its order. */
export function parseManifest(text: string, uri: string): string[] {
  const uris = new Set<string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    try {
      parseObjectUri(line, 'line');
    } catch (cause) {
      throw new CycloramaError(
        'manifest_invalid',
        `line ${i + 1} of '${uri}' is '${line.slice(0, 200)}'; expected s3://bucket/key`,
        { cause },
      );
    }
    uris.add(line);
  }
  if (uris.size > MAX_ASSETS)
    throw new CycloramaError('too_many_assets', `'${uri}' names over ${MAX_ASSETS} assets; split it`);
  return [...uris];
}

/** Follows the results of another job until it has ended; the cursor is a sequence. A retry takes what an unfinished job left, too. */
async function* readJobSource(
  parts: SourceParts,
  { jobId, outcomes }: { jobId: string; outcomes: Outcome[] },
  { cursor, job: { retryOf } = Job.fromPartial({}) }: JobEntry,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const wanted = new Set(outcomes.length > 0 ? outcomes : [Outcome.OUTCOME_SUCCEEDED]);
  const results = readResults(parts.bus, jobId, BigInt(cursor || 0));
  try {
    while (!signal.aborted) {
      // The job is read first: what it says of its end holds for results that are read later.
      const job = await parts.readJob(jobId);
      if (!job)
        throw new CycloramaError('source_job_gone', `job '${jobId}', the source of this job, is not known any more`);
      const ended = isEnded(job.state);
      if (ended && job.state !== JobState.JOB_STATE_SUCCEEDED && retryOf !== jobId) {
        throw new CycloramaError('source_job_cancelled', `job '${jobId}', the source of this job, did not succeed`);
      }
      const batch = await results.next(BATCH, ended ? 0 : 2_000, signal);
      if (batch.length === 0 && ended) return;
      if (batch.length === 0) continue;
      const assets = batch.filter(({ result }) => wanted.has(result.outcome)).map(({ result }) => result.asset!);
      yield { assets, cursor: String(batch.at(-1)!.sequence) };
    }
  } finally {
    await results.close();
  }
}

/** The key prefix that output names leave out: the folder of a prefix source, and of the job at the root of a chain. */
export async function readNamingPrefix(
  source: AssetSource,
  readJob: SourceParts['readJob'],
): Promise<{ folder: string; suffixes: string[] }> {
  const MAX_CHAIN = 16;
  let current = source.source;
  for (let depth = 0; depth < MAX_CHAIN && current?.$case === 'job'; depth++) {
    current = (await readJob(current.value.jobId))?.source?.source;
  }
  if (current?.$case !== 'prefix') return { folder: '', suffixes: [] };
  const { key } = parseS3Uri(current.value.prefixUri, 'source.prefix.prefix_uri');
  return { folder: key.slice(0, key.lastIndexOf('/') + 1), suffixes: current.value.suffixes };
}
