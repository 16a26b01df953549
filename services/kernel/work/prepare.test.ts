import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Task } from '../../../gen/cyclorama/job/v1/task.ts';
import { boxGlb, brokenGlbs } from '../../../test/support/assets/glb.ts';
import { MemoryStore } from '../../../test/support/memory/store.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { createBudget } from '../budget.ts';
import { CycloramaError, type Reason } from '../failure.ts';
import { type PreparedAsset, type PrepareParts, prepareAsset } from './prepare.ts';
import { openScratch, type Scratch } from './scratch.ts';

const folder = temporaryFolder();
const NEVER = new AbortController().signal;
const OBJ = 'mtllib chair.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n';
let scratch: Scratch;
let store: MemoryStore;
let timed: string[];

beforeEach(async () => {
  scratch = await openScratch(folder(), 'worker', 1_000_000);
  store = new MemoryStore();
  timed = [];
});

function put(key: string, body: Buffer | string, etag = 'e1'): void {
  store.objects.set(`assets/${key}`, { body: Buffer.from(body), etag });
}

/** Prepares an asset and looks at what was made of it while its folder is still there. */
function prepare<T>(
  fields: Partial<Asset>,
  look: (prepared: PreparedAsset) => T | Promise<T>,
  change: Partial<PrepareParts> = {},
): Promise<T> {
  const asset = { ...Asset.fromPartial({ uri: 's3://assets/m/chair.glb', etag: 'e1', sizeBytes: 1n }), ...fields };
  const parts: PrepareParts = {
    store,
    maxAssetBytes: 1_000_000,
    decoders: createBudget(1),
    extraInputs: [],
    timed: (stage, work) => {
      timed.push(stage);
      return work();
    },
    ...change,
  };
  return scratch.withFolder('task', 1, NEVER, async (task) =>
    look(await prepareAsset(parts, { ...Task.fromPartial({}), asset }, task, NEVER)),
  );
}

test.each([
  ['m/red chair.GLB', 'red chair.glb'],
  ['m/stühle_2.v1.glb', 'stühle_2.v1.glb'],
  ['m/../../etc/x y.GLB', 'x y.glb'],
  ['m/-rf $(x).glb', 'asset.glb'],
  [`m/${'long'.repeat(30)}.glb`, 'asset.glb'],
  ['m/tab\there.glb', 'asset.glb'],
])("asset '%s' lies ready as '%s', so that messages name it where a file may be called so", async (key, name) => {
  const content = boxGlb();
  put(key, content);
  const bytes = await prepare({ uri: `s3://assets/${key}` }, ({ path, warnings, dependencies }) => {
    expect(path.split('/in/')[1]).toBe(name);
    expect([warnings, dependencies]).toEqual([[], []]);
    return readFile(path);
  });
  expect(Buffer.compare(bytes, content)).toBe(0);
  expect(timed).toEqual(['download', 'triage', 'decode']);
});

test('files beside the asset come with it, and are named with their ETags', async () => {
  put('m/chair.obj', OBJ);
  put('m/chair.mtl', 'newmtl wood\n', 'e2');
  await prepare({ uri: 's3://assets/m/chair.obj' }, async ({ path, dependencies, downloadedBytes }) => {
    expect(dependencies).toMatchObject([{ uri: 's3://assets/m/chair.mtl', etag: 'e2', sizeBytes: 12n }]);
    expect(downloadedBytes).toBe(OBJ.length + 12);
    expect(await readFile(join(path, '../chair.mtl'), 'utf8')).toBe('newmtl wood\n');
  });
});

test('a file beside the asset that is missing is a warning where the asset can do without', async () => {
  put('m/chair.obj', OBJ);
  const warnings = await prepare({ uri: 's3://assets/m/chair.obj' }, (prepared) => prepared.warnings);
  expect(warnings).toEqual([expect.stringContaining('chair.mtl')]);
});

describe('an asset is refused', () => {
  test('that is larger than may be, before a byte is fetched', async () => {
    store.fault = () => {
      throw new Error('the store was asked');
    };
    const refused = prepare({ sizeBytes: 11n }, () => {}, { maxAssetBytes: 10 });
    await expect(refused).rejects.toMatchObject({ reason: 'asset_too_large', detail: { stage: 'download' } });
  });

  test('that is in a bucket that may not be read, before a byte is fetched', async () => {
    store.checkBucket = () => {
      throw new CycloramaError('bucket_not_allowed', 'no');
    };
    store.fault = () => {
      throw new Error('the store was asked');
    };
    await expect(prepare({}, () => {})).rejects.toMatchObject({ reason: 'bucket_not_allowed' });
  });

  test('whose light is in a bucket that may not be read, before a byte of it is fetched', async () => {
    put('m/chair.glb', boxGlb());
    store.objects.set('secrets/sky.hdr', { body: Buffer.from('light'), etag: 'e1' });
    const checkBucket = (bucket: string): void => {
      if (bucket !== 'assets') throw new CycloramaError('bucket_not_allowed', 'no');
    };
    const place = { bucket: 'secrets', key: 'sky.hdr' };
    const extraInputs = [{ place, etag: 'e1', maxBytes: 100, fileName: 'light.hdr' }];
    const refused = prepare({}, () => {}, { extraInputs, store: Object.assign(store, { checkBucket }) });
    await expect(refused).rejects.toMatchObject({ reason: 'bucket_not_allowed' });
  });

  test.each<[string, () => void, Reason, string]>([
    ['that changed since it was listed', () => put('m/chair.glb', boxGlb(), 'e2'), 'asset_changed', 'download'],
    ['that is gone', () => {}, 'asset_not_found', 'download'],
    ['that breaks its format', () => put('m/chair.glb', brokenGlbs().truncated!), 'invalid_asset', 'triage'],
    ['that is empty', () => put('m/chair.glb', ''), 'invalid_asset', 'triage'],
  ])('%s, by reason and stage', async (_, arrange, reason, stage) => {
    arrange();
    await expect(prepare({}, () => {})).rejects.toMatchObject({ reason, detail: { stage } });
  });
});

test('a store that fails while a file beside the asset is fetched is not the asset’s fault', async () => {
  put('m/chair.obj', OBJ);
  store.fault = (op, { key }) => {
    if (op === 'download' && key.endsWith('.mtl')) throw new CycloramaError('store_unavailable', 'no answer');
  };
  await expect(prepare({ uri: 's3://assets/m/chair.obj' }, () => {})).rejects.toMatchObject({
    reason: 'store_unavailable',
    handling: 'infrastructure',
    detail: { stage: 'triage' },
  });
});

test('an asset without ETag is fetched as it is now', async () => {
  put('m/chair.glb', boxGlb(), 'whatever');
  expect(await prepare({ etag: '' }, ({ downloadedBytes }) => downloadedBytes)).toBe(boxGlb().length);
});

test.each<[string, string, number | undefined]>([
  ['its listed size where it is the one that was listed', 'e1', 7],
  ['the most there may be where nobody knows', '', undefined],
])('the time for a download follows from %s', async (_, etag, expectedBytes) => {
  put('m/chair.glb', boxGlb());
  const download = store.download.bind(store);
  let asked: object = {};
  store.download = (place, path, options) => {
    asked = options;
    return download(place, path, options);
  };
  await prepare({ etag, sizeBytes: 7n }, () => {});
  expect(asked).toMatchObject({ maxBytes: 1_000_000, ...(expectedBytes && { expectedBytes }) });
  expect('expectedBytes' in asked).toBe(expectedBytes !== undefined);
});
