import { expect, test } from 'vitest';
import type { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass } from '../../../gen/cyclorama/job/v1/job.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { toAssetId, toFingerprint } from '../dataset/fingerprint.ts';
import { type OutcomeWord, toDatasetPlaces } from '../dataset/places.ts';
import type { JobDraft } from '../jobs/jobs.ts';
import type { SourceParts } from '../sources/source.ts';
import { dryRun } from './dry-run.ts';

const OUTPUT = 's3://bucket/out/';
const NEVER = new AbortController().signal;

const draft: JobDraft = {
  operation: 'analysis',
  source: { source: { $case: 'prefix', value: { prefixUri: 's3://bucket/in/', suffixes: [], limit: 0n } } },
  spec: {},
  outputUri: OUTPUT,
  outputsBesideAssets: false,
  jobClass: JobClass.JOB_CLASS_BATCH,
  requestId: '',
  replace: false,
  retryOf: '',
  traceId: '',
};

function asset(name: string, sizeBytes: bigint, etag = name): Asset {
  return { uri: `s3://bucket/in/${name}.glb`, sizeBytes, etag, lastModifyTime: undefined };
}

const ASSETS = [asset('a', 10n), asset('b', 200n), asset('c', 3_000n), asset('d', 40_000n)];

function sourceOf(assets: Asset[]): SourceParts {
  return {
    scan: async function* ({ startAfter }) {
      yield { assets: assets.filter(({ uri }) => uri.slice('s3://bucket/'.length) > startAfter) };
    },
    store: new MemoryStore(),
    bus: {
      reader: () => {
        throw new Error('no job is read');
      },
    },
    readJob: async () => undefined,
  };
}

async function record(store: MemoryStore, done: Asset, outcome: OutcomeWord, spec: object = {}): Promise<void> {
  const fingerprint = toFingerprint(done, { operation: 'analysis', spec, recipe: 1 });
  const place = toDatasetPlaces(OUTPUT).record({ assetId: toAssetId(done.uri), fingerprint, outcome });
  await store.write(place, '{}', { condition: 'always', contentType: 'application/json' });
}

test('a dry run counts assets, bytes and what is done under the same settings, and writes nothing', async () => {
  const store = new MemoryStore();
  await record(store, ASSETS[0]!, 'succeeded');
  await record(store, ASSETS[1]!, 'failed');
  await record(store, ASSETS[2]!, 'succeeded', { style: 'REPORT_STYLE_INSPECTION' });
  await record(store, asset('d', 40_000n, 'another content'), 'succeeded');
  const before = [...store.objects.keys()];
  expect(await dryRun({ store, source: sourceOf(ASSETS), recipe: 1 }, draft, NEVER)).toEqual({
    counts: { total: 4n, succeeded: 1n, failed: 1n, skipped: 0n, cancelled: 0n, reused: 2n },
    totalBytes: 43_210n,
    pendingBytes: 43_000n,
  });
  expect([...store.objects.keys()]).toEqual(before);
});

test('a retry of failures counts them as to be done', async () => {
  const store = new MemoryStore();
  await record(store, ASSETS[1]!, 'failed');
  const plan = await dryRun({ store, source: sourceOf(ASSETS), recipe: 1 }, { ...draft, retryOf: 'before' }, NEVER);
  expect(plan.counts?.reused).toBe(0n);
});

test('a store that lists out of order is counted whole', async () => {
  const mixed = [ASSETS[2]!, ASSETS[0]!, ASSETS[3]!, ASSETS[1]!];
  const plan = await dryRun({ store: new MemoryStore(), source: sourceOf(mixed), recipe: 1 }, draft, NEVER);
  expect(plan.counts?.total).toBe(4n);
  expect(plan.pendingBytes).toBe(43_210n);
});

test.each([
  [{}, {}, undefined],
  [{ style: 'X' }, {}, /holds a dataset of 'analysis' with \{"style":"X"\}; expected 'analysis' with default settings/],
  [{}, { style: 'X' }, /holds a dataset of 'analysis' with default settings; expected 'analysis' with \{"style":"X"\}/],
])(
  'over a place with the settings %j a job with %j is refused as its creation would be',
  async (standing, spec, refusal) => {
    const store = new MemoryStore();
    const body = JSON.stringify({ operation: 'analysis', spec: standing });
    const options = { condition: 'always', contentType: 'application/json' } as const;
    await store.write(toDatasetPlaces(OUTPUT).description, body, options);
    const asked = dryRun({ store, source: sourceOf(ASSETS), recipe: 1 }, { ...draft, spec }, NEVER);
    if (refusal === undefined) expect((await asked).counts?.total).toBe(4n);
    else await expect(asked).rejects.toThrow(refusal);
    const replacing = { ...draft, spec, replace: true };
    expect((await dryRun({ store, source: sourceOf(ASSETS), recipe: 1 }, replacing, NEVER)).counts?.total).toBe(4n);
  },
);

test('outcomes of done assets are told apart', async () => {
  const store = new MemoryStore();
  await record(store, ASSETS[0]!, 'skipped');
  const { counts } = await dryRun({ store, source: sourceOf(ASSETS), recipe: 1 }, draft, NEVER);
  expect(counts).toMatchObject({ skipped: 1n, reused: 1n });
});
