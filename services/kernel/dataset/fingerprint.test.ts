import { expect, test } from 'vitest';
import { Asset } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { canonicalJson, toAssetId, toFingerprint } from './fingerprint.ts';

const ASSET = Asset.fromPartial({ uri: 's3://bucket/a.glb', sizeBytes: 10n, etag: 'e1' });
const WORK = { operation: 'analysis', spec: { style: 'REPORT_STYLE_INSPECTION', depth: 2 }, recipe: 1 };
const BASE = toFingerprint(ASSET, WORK);

test.each([
  [{ b: 1, a: [2, { d: 3, c: undefined }] }, '{"a":[2,{"d":3}],"b":1}'],
  [{}, '{}'],
  [[], '[]'],
  [null, 'null'],
  [undefined, 'null'],
  ['a "quoted" wörd', '"a \\"quoted\\" wörd"'],
  [[undefined, 1], '[null,1]'],
  [{ 10: 'a', 9: 'b', B: 1, a: 2 }, '{"10":"a","9":"b","B":1,"a":2}'],
])('the canonical text of %j is %s', (value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test('a fingerprint is 32 hex digits and the same on every machine', () => {
  expect(BASE).toBe('3718ff3a42479a9b60ec44b6369e9474');
  expect(toAssetId(ASSET.uri)).toMatch(/^[0-9a-f]{32}$/);
});

test('the order of the fields of a spec does not matter', () => {
  expect(toFingerprint(ASSET, { ...WORK, spec: { depth: 2, style: 'REPORT_STYLE_INSPECTION' } })).toBe(BASE);
});

test('a field that is left out counts as one that is undefined, so a new field invalidates nothing', () => {
  expect(toFingerprint(ASSET, { ...WORK, spec: { ...WORK.spec, added: undefined } })).toBe(BASE);
});

test.each([
  ['content', toFingerprint({ ...ASSET, etag: 'e2' }, WORK)],
  ['size', toFingerprint({ ...ASSET, sizeBytes: 11n }, WORK)],
  ['place', toFingerprint({ ...ASSET, uri: 's3://bucket/b.glb' }, WORK)],
  ['operation', toFingerprint(ASSET, { ...WORK, operation: 'rendering' })],
  ['spec', toFingerprint(ASSET, { ...WORK, spec: { ...WORK.spec, depth: 3 } })],
  ['recipe', toFingerprint(ASSET, { ...WORK, recipe: 2 })],
])('another %s gives another fingerprint', (_, fingerprint) => {
  expect(fingerprint).not.toBe(BASE);
});

test('the time of change counts only where the store gives no ETag', () => {
  const [early, late] = [new Date(1e12), new Date(1e12 + 1)];
  const without = (lastModifyTime: Date | undefined) => toFingerprint({ ...ASSET, etag: '', lastModifyTime }, WORK);
  expect(toFingerprint({ ...ASSET, lastModifyTime: early }, WORK)).toBe(BASE);
  expect(toFingerprint({ ...ASSET, lastModifyTime: late }, WORK)).toBe(BASE);
  expect(without(early)).toBe(without(new Date(early)));
  expect(new Set([without(early), without(late), without(undefined), BASE]).size).toBe(4);
});
