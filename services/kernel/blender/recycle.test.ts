import { expect, test } from 'vitest';
import { CycloramaError } from '../failure.ts';
import { recycleReason, type SlotState, startBackoffMs } from './recycle.ts';

const limits = { maxAssets: 200, softMemoryBytes: 1000 };
const fit: SlotState = { isAlive: true, assets: 1, rssBytes: 500, retired: false, lastFailure: undefined };

test.each<[string, Partial<SlotState>, string | undefined]>([
  ['a fit process stays', {}, undefined],
  ['a failure of the asset keeps the process', { lastFailure: new CycloramaError('import_failed', 'x') }, undefined],
  ['a suspect failure replaces it', { lastFailure: new CycloramaError('internal', 'x') }, 'failure'],
  ['a cancelled request replaces it', { lastFailure: new CycloramaError('cancelled', 'x'), isAlive: false }, 'failure'],
  ['a dead process is replaced', { isAlive: false }, 'died'],
  ['a retired one too', { retired: true }, 'retired'],
  ['a process that had its share of assets is replaced', { assets: 200 }, 'assets'],
  ['a process that grew too large is replaced', { rssBytes: 1001 }, 'memory'],
])('%s', (_, change, reason) => {
  expect(recycleReason({ ...fit, ...change }, limits)).toBe(reason);
});

test('waiting between failed starts grows to half a minute', () => {
  expect([0, 1, 2, 3, 7, 50].map(startBackoffMs)).toEqual([0, 500, 1000, 2000, 30_000, 30_000]);
});
