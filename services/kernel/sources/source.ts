import { Asset, type AssetSource, type ManifestSource, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { ScanAssetsRequest, ScanAssetsResponse } from '../../../gen/cyclorama/discovery/v1/discovery.ts';
import { type Job, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import type { Bus } from '../bus/types.ts';
import { CycloramaError } from '../failure.ts';
import { countOfResults, readResults, resultsGone } from '../jobs/results.ts';
import { isEnded } from '../jobs/state.ts';
import type { StoredJob } from '../jobs/stored-job.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseObjectUri, parseS3Uri } from '../uri.ts';
import { isInventory } from './inventory.ts';
import { readInventory } from './inventory-files.ts';
import { MAX_ASSETS, readManifest } from './manifest.ts';

/** One scan reads at most this many assets, so that a broken one costs little. */
const WINDOW = 10_000;
/** How many assets lie between two cursors that a driver may save. */
const BATCH = 100;
const HEADS_AT_ONCE = 16;

/** Some assets of a source, and the cursor that goes on after them. */
export interface SourceBatch {
  assets: Asset[];
  cursor: string;
}

/** Says that the store does not list in key order, so that a scan cannot go on from the middle. */
export class UnsortedSource extends Error {}

/** Asks the discovery service for assets. */
export type Scan = (
  request: ScanAssetsRequest,
  traceId: string,
  signal: AbortSignal,
) => AsyncIterable<ScanAssetsResponse>;

/** The services and stores that reading a source needs. */
export interface SourceParts {
  scan: Scan;
  store: Pick<ObjectStore, 'head' | 'read'>;
  bus: Pick<Bus, 'reader'>;
  readJob: (jobId: string) => Promise<Job | undefined>;
}

/**
 * Returns the source of a job. Throws if it is damaged or of a kind that only a newer version knows, so that it never
 * counts as empty.
 */
function sourceOf({ job: { jobId, source } }: StoredJob): NonNullable<AssetSource['source']> {
  if (source.source) return source.source;
  throw new CycloramaError(
    'internal',
    `job '${jobId}' has a source of an unknown kind; expected prefix, list, manifest or job`,
  );
}

/** Reads the assets of a job's source from a cursor on; `taken` of them came before. */
export async function* readSource(
  parts: SourceParts,
  entry: StoredJob,
  taken: number,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const { cursor } = entry;
  const source = sourceOf(entry);
  switch (source.$case) {
    case 'prefix':
      yield* inBatches(scanPrefix(parts.scan, entry, source.value, taken, signal));
      return;
    case 'list':
      yield* readNamed(parts.store, [source.value.uris.map(toNamed)], cursor, signal);
      return;
    case 'manifest':
      yield* readNamed(parts.store, readManifestAssets(parts.store, source.value, signal), cursor, signal);
      return;
    case 'job':
      yield* readJobSource(parts, source.value, entry, signal);
  }
}

/** Counts the assets of a source and yields the sum so far. A job source is not counted, since it grows. */
export async function* countSource(parts: SourceParts, entry: StoredJob, signal: AbortSignal): AsyncGenerator<number> {
  const source = sourceOf(entry);
  if (source.$case === 'list') yield source.value.uris.length;
  let total = 0;
  if (source.$case === 'manifest') {
    for await (const assets of readManifestAssets(parts.store, source.value, signal)) {
      total += assets.length;
      yield total;
    }
    yield total;
  }
  if (source.$case !== 'prefix') return;
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
  entry: StoredJob,
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
    const pages = scan(request, entry.job.traceId, signal);
    let seen = 0;
    // A window is read in one go: at the workers' pace its connection would grow older than the server allows. An
    // unsorted store's one scan has no bound that fits into memory, and stays at the reader's pace.
    for await (const { assets } of entry.unsorted ? pages : await Array.fromAsync(pages)) {
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

/** Makes an asset of which only the name is known. */
function toNamed(uri: string): Asset {
  return Asset.fromPartial({ uri });
}

/** Reads the assets of a manifest or inventory. Those without an ETag are still to be looked up. */
async function* readManifestAssets(
  store: SourceParts['store'],
  manifest: ManifestSource,
  signal: AbortSignal,
): AsyncGenerator<Asset[]> {
  if (isInventory(manifest.uri)) yield* readInventory(store, manifest, signal);
  else for await (const uris of readManifest(store, manifest, signal)) yield uris.map(toNamed);
}

/** Looks up an asset as it is now. It has no ETag if it does not exist or the store refuses its name for good. */
async function lookUp(store: Pick<ObjectStore, 'head'>, uri: string, signal: AbortSignal): Promise<Asset> {
  const found = await store.head(parseObjectUri(uri, 'uri'), signal).catch((error: unknown) => {
    // One such name must not fail a whole job: its task asks again and says why.
    if (error instanceof CycloramaError && error.reason === 'request_refused') return undefined;
    throw error;
  });
  const { sizeBytes = 0n, etag = '', lastModifyTime } = found ?? {};
  return { uri, sizeBytes, etag, lastModifyTime };
}

/**
 * Looks up assets of which only the name is known; the cursor is the number of assets before. A missing asset has no
 * ETag, and its task will say that it is missing.
 */
async function* readNamed(
  store: Pick<ObjectStore, 'head'>,
  lists: Iterable<Asset[]> | AsyncIterable<Asset[]>,
  cursor: string,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  let left = Number(cursor || 0);
  let taken = left;
  for await (const named of lists) {
    const rest = named.slice(left);
    left = Math.max(0, left - named.length);
    for (let i = 0; i < rest.length; ) {
      const width = rest[i]!.etag === '' ? HEADS_AT_ONCE : BATCH;
      const assets = await Promise.all(
        rest.slice(i, i + width).map((asset) => (asset.etag === '' ? lookUp(store, asset.uri, signal) : asset)),
      );
      i += assets.length;
      taken += assets.length;
      yield { assets, cursor: String(taken) };
    }
  }
}

/**
 * Follows the results of another job until it has ended; the cursor is a sequence. A retry also takes the results of a
 * job that did not succeed.
 */
async function* readJobSource(
  parts: SourceParts,
  { jobId, outcomes }: { jobId: string; outcomes: Outcome[] },
  { cursor, job: { retryOf } }: StoredJob,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const wanted = new Set(outcomes.length > 0 ? outcomes : [Outcome.OUTCOME_SUCCEEDED]);
  const results = readResults(parts.bus, jobId, BigInt(cursor || 0));
  // A reader that goes on from the middle does not know how many results came before.
  let seen = cursor === '' ? 0 : Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      // The job is read before its results: if it had ended by then, no result comes later.
      const job = await parts.readJob(jobId);
      if (!job)
        throw new CycloramaError(
          'source_job_gone',
          `job '${jobId}', the source of this job, is not known any more; expected a new job over the index of ` +
            'its dataset',
        );
      const ended = isEnded(job.state);
      if (ended && job.state !== JobState.JOB_STATE_SUCCEEDED && retryOf !== jobId) {
        throw new CycloramaError('source_job_cancelled', `job '${jobId}', the source of this job, did not succeed`);
      }
      const batch = await results.next(BATCH, ended ? 0 : 2_000, signal);
      // An aborted read also returns nothing; that must not look like the end of the source.
      signal.throwIfAborted();
      seen += batch.length;
      if (batch.length === 0 && ended && seen < countOfResults(job)) throw resultsGone(job);
      if (batch.length === 0 && ended) return;
      if (batch.length === 0) continue;
      const listed = batch.filter(({ result }) => wanted.has(result.outcome)).map(({ result }) => result.asset!);
      // A retry is for assets that were repaired since: it takes them as they are now, not as they were listed.
      const assets =
        retryOf === jobId ? await Promise.all(listed.map(({ uri }) => lookUp(parts.store, uri, signal))) : listed;
      yield { assets, cursor: String(batch.at(-1)!.sequence) };
    }
  } finally {
    await results.close();
  }
}
