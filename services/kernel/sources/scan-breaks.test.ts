import { expect, test } from 'vitest';
import { CycloramaError, type Reason } from '../failure.ts';
import { withPassingBreaks } from './scan-breaks.ts';
import type { Scan } from './source.ts';

const REQUEST = { prefixUri: 's3://bucket/', suffixes: [], startAfter: '', limit: 0n };
const failing = (reason: Reason): Scan =>
  withPassingBreaks(async function* () {
    yield { assets: [] };
    throw new CycloramaError(reason, 'no');
  });

test.each<[Reason, Reason]>([
  ['cancelled', 'service_unavailable'],
  ['deadline_exceeded', 'service_unavailable'],
  ['access_denied', 'access_denied'],
])('a scan that ends because of %s failed because of %s', async (reason, told) => {
  const pages = failing(reason)(REQUEST, 'trace', new AbortController().signal);
  await expect(Array.fromAsync(pages)).rejects.toMatchObject({ reason: told });
});

test('a scan that we cancelled ourselves is cancelled', async () => {
  const pages = failing('cancelled')(REQUEST, 'trace', AbortSignal.abort());
  await expect(Array.fromAsync(pages)).rejects.toMatchObject({ reason: 'cancelled' });
});
