import {
  type DiscoveryServiceClient,
  ListAssetsRequest,
  type ListAssetsResponse,
  ScanAssetsRequest,
} from '../../../gen/cyclorama/discovery/v1/discovery.ts';
import { callStream, callUnary } from '../../../services/kernel/rpc/client.ts';

const CALL_MS = 60_000;

/** Calls ListAssets once. */
export function listOne(
  client: DiscoveryServiceClient,
  fields: Partial<ListAssetsRequest>,
): Promise<ListAssetsResponse> {
  const request = ListAssetsRequest.fromPartial(fields);
  return callUnary(client, client.listAssets, request, { deadlineMs: Date.now() + CALL_MS });
}

/** Calls ListAssets until the token is empty; returns the keys of each page. */
export async function listAll(client: DiscoveryServiceClient, fields: Partial<ListAssetsRequest>): Promise<string[][]> {
  const pages: string[][] = [];
  let pageToken = '';
  do {
    const page = await listOne(client, { ...fields, pageToken });
    pages.push(page.assets.map(toKey));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return pages;
}

/** Reads a whole scan; returns the keys of each batch. */
export async function scanAll(client: DiscoveryServiceClient, fields: Partial<ScanAssetsRequest>): Promise<string[][]> {
  const request = ScanAssetsRequest.fromPartial(fields);
  const limits = { deadlineMs: Date.now() + CALL_MS };
  const batches = await Array.fromAsync(callStream(client, client.scanAssets, request, limits));
  return batches.map(({ assets }) => assets.map(toKey));
}

function toKey({ uri }: { uri: string }): string {
  return uri.slice(uri.indexOf('/', 's3://'.length) + 1);
}
