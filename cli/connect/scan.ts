import type { Asset } from '../../gen/cyclorama/asset/v1/asset.ts';
import type { DiscoveryServiceClient, ScanAssetsRequest } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { callStream } from '../../services/kernel/rpc/client.ts';
import { parseS3Uri } from '../../services/kernel/uri.ts';
import { within } from './job-calls.ts';
import { createPatience } from './patience.ts';

const SCAN_TIMEOUT_MS = 300_000;
const PATIENCE_MS = 60_000;

/** The assets to list. */
export interface ScanQuery {
  prefixUri: string;
  suffixes: string[];
  /** Most assets to list; 0 means all. */
  limit: number;
}

type ScanBatches = (request: ScanAssetsRequest) => AsyncIterable<{ assets: Asset[] }>;

/** Lists assets in key order; when the server restarts in between, it continues after the last asset. */
export async function* scanAssets(
  client: DiscoveryServiceClient,
  query: ScanQuery,
  signal: AbortSignal,
): AsyncGenerator<Asset[]> {
  yield* scanThrough(
    (request) => callStream(client, client.scanAssets, request, within(signal, SCAN_TIMEOUT_MS)),
    query,
    signal,
  );
}

/** Does the same as scanAssets over any source of batches. It does not repeat a first call that fails. */
export async function* scanThrough(
  batches: ScanBatches,
  { prefixUri, suffixes, limit }: ScanQuery,
  signal: AbortSignal,
): AsyncGenerator<Asset[]> {
  const patience = createPatience({ signal, patienceMs: PATIENCE_MS, onTrouble: () => {} });
  let startAfter = '';
  let seen = 0;
  for (;;) {
    try {
      for await (const { assets } of batches({
        prefixUri,
        suffixes,
        startAfter,
        limit: limit === 0 ? 0n : BigInt(limit - seen),
      })) {
        patience.afterSuccess();
        const last = assets.at(-1);
        if (last === undefined) continue;
        startAfter = parseS3Uri(last.uri, 'uri').key;
        seen += assets.length;
        yield assets;
      }
      return;
    } catch (error) {
      if (seen === 0 || (limit !== 0 && seen >= limit)) throw error;
      await patience.afterFailure(error);
    }
  }
}
