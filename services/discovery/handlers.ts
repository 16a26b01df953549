import type { Asset } from '../../gen/cyclorama/asset/v1/asset.ts';
import { DiscoveryServiceService } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import type { Metrics } from '../kernel/process/metrics.ts';
import { bindService, type RpcService } from '../kernel/rpc/service.ts';
import { isBadRequest } from '../kernel/store/errors.ts';
import type { ObjectStore, StoredObject } from '../kernel/store/types.ts';
import { type S3Place, toS3Uri } from '../kernel/uri.ts';
import { type ListStore, listPage } from './list-page.ts';
import { formatPageToken, type PagePosition, parsePageToken } from './page-token.ts';
import { parseListRequest, parseScanRequest, toRequestKey } from './requests.ts';
import { scan } from './scan.ts';

interface DiscoveryParts {
  store: Pick<ObjectStore, 'checkBucket' | 'list'>;
  metrics: Pick<Metrics, 'assetsDiscovered'>;
}

const START: PagePosition = { storeToken: '', lastKey: '', within: false, unsorted: false };

/** Creates the discovery service of one store. */
export function createDiscoveryService({ store, metrics }: DiscoveryParts): RpcService {
  return bindService(DiscoveryServiceService, {
    async listAssets(request, { signal }) {
      const query = parseListRequest(request);
      const requestKey = toRequestKey(query);
      const from = request.pageToken === '' ? START : parsePageToken(request.pageToken, requestKey);
      store.checkBucket(query.place.bucket);
      const list = listerOf(store, query.place, signal);
      const { objects, next } = await listPage(list, query.suffixes, query.pageSize, from);
      metrics.assetsDiscovered.inc(objects.length);
      return {
        assets: objects.map((object) => toAsset(query.place.bucket, object)),
        nextPageToken: next ? formatPageToken(next, requestKey) : '',
      };
    },

    async *scanAssets(request, { signal }) {
      const { place, suffixes, startAfter, limit } = parseScanRequest(request);
      store.checkBucket(place.bucket);
      for await (const objects of scan(listerOf(store, place, signal), suffixes, startAfter, limit)) {
        metrics.assetsDiscovered.inc(objects.length);
        yield { assets: objects.map((object) => toAsset(place.bucket, object)) };
      }
    },
  });
}

function listerOf(
  store: Pick<ObjectStore, 'list'>,
  { bucket, key }: S3Place,
  signal: AbortSignal,
): ListStore<StoredObject> {
  return async (from) => {
    try {
      return await store.list(bucket, { prefix: key, ...from }, signal);
    } catch (error) {
      if (from.continuationToken !== undefined && isBadRequest(error)) return 'token refused';
      throw error;
    }
  };
}

function toAsset(bucket: string, { key, sizeBytes, etag, lastModifyTime }: StoredObject): Asset {
  return { uri: toS3Uri({ bucket, key }), sizeBytes, etag, lastModifyTime };
}
