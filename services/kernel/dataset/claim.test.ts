import { expect, test } from 'vitest';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { CycloramaError } from '../failure.ts';
import { claimDataset, proveConditionalWrites } from './claim.ts';
import { toDatasetPlaces } from './places.ts';

const PLACE = 's3://outputs/run/';
const DESCRIPTION = 'outputs/run/_cyclorama/dataset.json';
const INSPECTION = { style: 'REPORT_STYLE_INSPECTION' };
const draft = (change = {}) => ({ operation: 'analysis', spec: {}, outputUri: PLACE, replace: false, ...change });

test('a place that is free becomes the dataset of what is asked, and holds nothing else', async () => {
  const store = new MemoryStore();
  await claimDataset(store, draft({ spec: INSPECTION }));
  expect([...store.objects.keys()]).toEqual([DESCRIPTION]);
  expect(store.json(DESCRIPTION)).toEqual({
    operation: 'analysis',
    spec: INSPECTION,
    createTime: expect.any(String),
  });
});

test('the same operation and spec may come again, whatever the order of its fields', async () => {
  const store = new MemoryStore();
  await claimDataset(store, draft({ spec: { a: 1, b: 2 } }));
  const before = store.objects.get(DESCRIPTION)?.etag;
  await claimDataset(store, draft({ spec: { b: 2, a: 1 } }));
  await claimDataset(store, draft({ spec: { b: 2, a: 1 }, replace: true }));
  expect(store.objects.get(DESCRIPTION)?.etag).toBe(before);
});

test.each([
  ['operation', { operation: 'rendering' }],
  ['spec', { spec: INSPECTION }],
])('another %s is refused, unless it is to replace the dataset', async (_, change) => {
  const store = new MemoryStore();
  await claimDataset(store, draft());
  await expect(claimDataset(store, draft(change))).rejects.toMatchObject({ reason: 'output_in_use' });
  await claimDataset(store, draft({ ...change, replace: true }));
  expect(store.json(DESCRIPTION)).toMatchObject(change);
  await expect(claimDataset(store, draft())).rejects.toMatchObject({ reason: 'output_in_use' });
});

test('ten claims of one dataset at once all hold', async () => {
  const store = new MemoryStore();
  await Promise.all(Array.from({ length: 10 }, () => claimDataset(store, draft())));
  expect([...store.objects.keys()]).toEqual([DESCRIPTION]);
});

test('a place that can neither be read nor be written is refused, not asked for good', async () => {
  const store = new MemoryStore();
  store.fault = (op, { key }) => {
    if (op === 'write' && key.endsWith('dataset.json')) throw new CycloramaError('precondition_failed', key);
  };
  await expect(claimDataset(store, draft())).rejects.toMatchObject({ reason: 'precondition_failed' });
});

test('a store that ignores conditions is refused before anything of a job is written', async () => {
  const store = new MemoryStore();
  store.ignoresConditions = true;
  await expect(claimDataset(store, draft())).rejects.toMatchObject({
    reason: 'store_not_conditional',
    message: expect.stringContaining('s3://outputs/run/_cyclorama/probes/'),
  });
  expect([...store.objects.keys()]).toEqual([]);
});

test('a store that ignores the ETag of an overwrite alone is refused, too', async () => {
  const store = new MemoryStore();
  const write = store.write.bind(store);
  store.write = (place, content, options) => {
    store.ignoresConditions = options.condition !== 'always' && 'ifEtag' in options.condition;
    return write(place, content, options);
  };
  await expect(claimDataset(store, draft())).rejects.toMatchObject({
    reason: 'store_not_conditional',
    message: expect.stringContaining('If-Match'),
  });
  expect([...store.objects.keys()]).toEqual([]);
});

test('a probe whose write got no answer is removed, should it be there all the same', async () => {
  const store = new MemoryStore();
  const write = store.write.bind(store);
  store.write = async (...args) => {
    await write(...args);
    throw new CycloramaError('store_unavailable', 'no answer');
  };
  await expect(claimDataset(store, draft())).rejects.toMatchObject({ reason: 'store_unavailable' });
  expect([...store.objects.keys()]).toEqual([]);
});

test('the proof is asked for once a bucket, and again where it could not be had', async () => {
  const store = new MemoryStore();
  let writes = 0;
  store.fault = (op) => {
    if (op !== 'write') return;
    writes += 1;
    if (writes === 2) throw new CycloramaError('store_unavailable', 'no answer');
  };
  const places = toDatasetPlaces(PLACE);
  await expect(proveConditionalWrites(store, places)).rejects.toMatchObject({ reason: 'store_unavailable' });
  expect([...store.objects.keys()]).toEqual([]);
  await proveConditionalWrites(store, places);
  expect(writes).toBe(5);
  await proveConditionalWrites(store, places);
  await proveConditionalWrites(store, toDatasetPlaces('s3://outputs/elsewhere/'));
  expect(writes).toBe(5);
  await proveConditionalWrites(store, toDatasetPlaces('s3://another-bucket/'));
  expect(writes).toBe(8);
});

test('a bucket that may not be used is refused before it is touched', async () => {
  const store = new MemoryStore();
  store.checkBucket = () => {
    throw new CycloramaError('bucket_not_allowed', 'no');
  };
  store.fault = () => {
    throw new Error('the store was asked');
  };
  await expect(claimDataset(store, draft())).rejects.toMatchObject({ reason: 'bucket_not_allowed' });
});
