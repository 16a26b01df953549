import { afterAll, beforeAll, expect, test } from 'vitest';
import { callByHand, grpcurl } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

const LIST = 'cyclorama.discovery.v1.DiscoveryService/ListAssets';
const SCAN = 'cyclorama.discovery.v1.DiscoveryService/ScanAssets';
const KEYS = Array.from({ length: 2_500 }, (_, i) => `set/${String(i).padStart(4, '0')}.glb`);

interface Page {
  assets?: { uri: string; sizeBytes: string; lastModifyTime: string }[];
  nextPageToken?: string;
}

let system: SystemStack;
let address: string;
beforeAll(async () => {
  system = await SystemStack.create({ parts: ['nats', 's3', 'discovery'] });
  address = system.stack.endpoints.discovery;
  const noise = ['readme.txt', 'set/_cyclorama/records/x.glb', 'zoo/lion.OBJ'];
  system.fill('many', Object.fromEntries([...KEYS, ...noise].map((key) => [key, Buffer.from('x')])));
});
afterAll(() => system?.close());

const toUri = (key: string): string => `s3://many/${key}`;

test('2,500 keys come back over exactly three pages, each once and in order', async () => {
  const pages: string[][] = [];
  let pageToken = '';
  do {
    const [page] = await callByHand<Page>(address, LIST, { prefix_uri: 's3://many/', page_token: pageToken });
    pages.push(page?.assets?.map(({ uri }) => uri) ?? []);
    pageToken = page?.nextPageToken ?? '';
  } while (pageToken !== '' && pages.length < 10);
  expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  expect(pages.flat()).toEqual(KEYS.map(toUri));
});

test('an asset is listed with its size as an exact integer and its time', async () => {
  const request = { prefix_uri: 's3://many/zoo', suffixes: ['.obj'], page_size: 1 };
  const [page] = await callByHand<Page>(address, LIST, request);
  expect(page?.assets).toMatchObject([
    { uri: toUri('zoo/lion.OBJ'), sizeBytes: '1', lastModifyTime: expect.stringMatching(/^20.*Z$/) },
  ]);
});

test('a scan streams a whole prefix in batches', async () => {
  const batches = await callByHand<Page>(address, SCAN, { prefix_uri: 's3://many/' });
  expect(batches.length).toBeGreaterThanOrEqual(3);
  expect(batches.flatMap(({ assets }) => assets?.map(({ uri }) => uri))).toEqual(KEYS.map(toUri));
});

test('a scan goes on after a key and stops at its limit', async () => {
  const request = { prefix_uri: 's3://many/set/', start_after: KEYS[9], limit: 3 };
  const batches = await callByHand<Page>(address, SCAN, request);
  expect(batches.flatMap(({ assets }) => assets?.map(({ uri }) => uri))).toEqual(KEYS.slice(10, 13).map(toUri));
});

test.each([
  ['a negative page size', LIST, { prefix_uri: 's3://many/', page_size: -1 }, 'InvalidArgument', 'invalid_request'],
  ['a place that is no bucket', SCAN, { prefix_uri: 'http://many/' }, 'InvalidArgument', 'invalid_request'],
  [
    'a page token of our own making',
    LIST,
    { prefix_uri: 's3://many/', page_token: 'x' },
    'InvalidArgument',
    'invalid_page_token',
  ],
  ['a bucket that is not there', LIST, { prefix_uri: 's3://nowhere/' }, 'NotFound', 'bucket_not_found'],
])('%s is refused with its reason', async (_, method, request, code, reason) => {
  const { code: exit, err } = await grpcurl('-plaintext', '-d', JSON.stringify(request), address, method);
  expect(exit).toBeGreaterThan(64);
  expect(err).toContain(`Code: ${code}`);
  expect(err).toMatch(/"@type": "type.googleapis.com\/google.rpc.ErrorInfo",\s+"domain": "cyclorama"/);
  expect(err).toMatch(/"trace_id": "[0-9a-f]{32}"/);
  expect(err).toContain(`"reason": "${reason}"`);
});

test('every wrong field is named', async () => {
  const request = JSON.stringify({ prefix_uri: 'many', page_size: -7 });
  const { err } = await grpcurl('-plaintext', '-d', request, address, LIST);
  expect(err).toContain('google.rpc.BadRequest');
  expect(err).toMatch(/"field": "prefix_uri",\s+"description": "'many' is not/);
  expect(err).toMatch(/"field": "page_size",\s+"description": "is -7; expected/);
});

test('a field that does not exist never reaches the server', async () => {
  const { code, err } = await grpcurl('-plaintext', '-d', '{"prefx_uri":"s3://many/"}', address, LIST);
  expect(code).not.toBe(0);
  expect(err).toContain('prefx_uri');
});
