import { describe, expect, it } from 'vitest';
import { Asset } from '../../gen/cyclorama/asset/v1/asset.ts';
import type { ScanAssetsRequest } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { scanThrough } from './scan.ts';

const gone = new CycloramaError('service_unavailable', 'no answer');
const query = { prefixUri: 's3://bucket/p/', suffixes: [], limit: 10 };
const batch = (...keys: string[]) => ({ assets: keys.map((key) => Asset.fromPartial({ uri: `s3://bucket/${key}` })) });

/** Plays staged scans in order: batches, or an error. */
function stage(...scans: (ReturnType<typeof batch> | Error)[][]) {
  const requests: ScanAssetsRequest[] = [];
  async function* batches(request: ScanAssetsRequest) {
    requests.push(request);
    for (const answer of scans.shift() ?? []) {
      if (answer instanceof Error) throw answer;
      yield answer;
    }
  }
  return { requests, batches };
}

async function keysOf(batches: ReturnType<typeof stage>['batches']): Promise<string[]> {
  const all = await Array.fromAsync(scanThrough(batches, query, new AbortController().signal));
  return all.flat().map(({ uri }) => uri);
}

describe('scan', () => {
  it('takes up behind the last asset when the server goes away', async () => {
    const { requests, batches } = stage([batch('p/a', 'p/b'), gone], [batch('p/c')]);
    expect(await keysOf(batches)).toEqual(['s3://bucket/p/a', 's3://bucket/p/b', 's3://bucket/p/c']);
    expect(requests.map(({ startAfter, limit }) => [startAfter, limit])).toEqual([
      ['', 10n],
      ['p/b', 8n],
    ]);
  });

  it('fails at once when there never was a server', async () => {
    const { requests, batches } = stage([gone], [batch('p/a')]);
    await expect(keysOf(batches)).rejects.toThrow('no answer');
    expect(requests).toHaveLength(1);
  });
});
