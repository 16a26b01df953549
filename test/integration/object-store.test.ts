import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore, WriteCondition } from '../../services/kernel/store/types.ts';
import { TestS3 } from '../support/servers/s3.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BUCKET = 'store';
const MIB = 1024 ** 2;
const folder = temporaryFolder();
let s3: TestS3;
let store: ObjectStore;

beforeAll(async () => {
  s3 = await TestS3.create();
  await s3.createBucket(BUCKET);
  store = s3.openStore([BUCKET, 'missing-bucket', 'made-here']);
});
afterAll(async () => {
  store?.close();
  await s3?.close();
});

const at = (key: string) => ({ bucket: BUCKET, key });
const put = (key: string, content: string | Buffer, condition: WriteCondition = 'always') =>
  store.write(at(key), content, { condition, contentType: 'text/plain' });
const textOf = async (key: string) => (await store.read(at(key), 10 * MIB))?.body.toString();

describe('a write', () => {
  test('tells size, ETag and hash, and reads back as it was', async () => {
    const content = randomBytes(10_000);
    const written = await put('a/bytes.bin', content);
    expect(written).toEqual({
      sizeBytes: 10_000,
      etag: createHash('md5').update(content).digest('hex'),
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    expect(await store.read(at('a/bytes.bin'), 10_000)).toEqual({ body: content, etag: written.etag });
    expect(await store.head(at('a/bytes.bin'))).toMatchObject({ sizeBytes: 10_000n, etag: written.etag });
  });

  test('of nothing is an empty object', async () => {
    expect(await put('empty', '')).toMatchObject({ sizeBytes: 0 });
    expect(await textOf('empty')).toBe('');
  });

  test('of a file over 8 MiB is streamed, and comes back the same', async () => {
    const path = join(folder(), 'large.bin');
    const content = randomBytes(9 * MIB);
    await writeFile(path, content);
    const options = { condition: { ifAbsent: true }, contentType: 'application/octet-stream' } as const;
    const { sizeBytes, etag, sha256 } = await store.write(at('large.bin'), { path }, options);
    expect([sizeBytes, sha256]).toEqual([content.length, createHash('sha256').update(content).digest('hex')]);
    const copy = join(folder(), 'copy.bin');
    expect(await store.download(at('large.bin'), copy, { etag, maxBytes: 9 * MIB })).toEqual({
      sizeBytes,
      etag,
      sha256,
    });
    expect(Buffer.compare(await readFile(copy), content)).toBe(0);
    await writeFile(path, randomBytes(9 * MIB));
    await expect(store.write(at('large.bin'), { path }, options)).rejects.toMatchObject({
      reason: 'precondition_failed',
    });
  });
});

describe('a conditional write', () => {
  test('under "only if absent" of twenty at once has one winner, whose content stands', async () => {
    for (let round = 0; round < 3; round += 1) {
      const writers = Array.from({ length: 20 }, (_, n) => put(`race-${round}`, `writer ${n}`, { ifAbsent: true }));
      const outcomes = await Promise.allSettled(writers);
      const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
      expect(winners).toHaveLength(1);
      expect(await textOf(`race-${round}`)).toBe(`writer ${winners[0]}`);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.reason] : []));
      expect(new Set(reasons)).toEqual(new Set(['precondition_failed']));
    }
  });

  test('under "only if it still is" of twenty at once has one winner, whose content stands', async () => {
    const { etag: ifEtag } = await put('update', 'start');
    const writers = Array.from({ length: 20 }, (_, n) => put('update', `writer ${n}`, { ifEtag }));
    const outcomes = await Promise.allSettled(writers);
    const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    expect(winners).toHaveLength(1);
    expect(await textOf('update')).toBe(`writer ${winners[0]}`);
  });

  test('of what stands there already is no lost race: it may be our own, whose answer got lost', async () => {
    const first = await put('twice', 'the same', { ifAbsent: true });
    expect(await put('twice', 'the same', { ifAbsent: true })).toEqual(first);
    await expect(put('twice', 'another', { ifAbsent: true })).rejects.toMatchObject({ reason: 'precondition_failed' });
  });

  test('under the ETag of an object that is gone is refused', async () => {
    const { etag: ifEtag } = await put('gone', 'start');
    await store.remove(at('gone'));
    await expect(put('gone', 'again', { ifEtag })).rejects.toMatchObject({ reason: 'precondition_failed' });
    expect(await textOf('gone')).toBeUndefined();
  });
});

describe('a download', () => {
  const target = () => join(folder(), 'asset.glb');

  test('of an object that is another one than was listed is asset_changed', async () => {
    const { etag } = await put('changed.glb', 'old');
    await put('changed.glb', 'new');
    await expect(store.download(at('changed.glb'), target(), { etag, maxBytes: 100 })).rejects.toMatchObject({
      reason: 'asset_changed',
      handling: 'permanent',
    });
    expect(existsSync(target())).toBe(false);
  });

  test('of more than may be is asset_too_large before anything is written', async () => {
    await put('large.glb', 'x'.repeat(101));
    await expect(store.download(at('large.glb'), target(), { maxBytes: 100 })).rejects.toMatchObject({
      reason: 'asset_too_large',
    });
    expect(existsSync(target())).toBe(false);
    expect(await store.download(at('large.glb'), target(), { maxBytes: 101 })).toMatchObject({ sizeBytes: 101 });
  });

  test.each([
    ['key', BUCKET, 'asset_not_found'],
    ['bucket', 'missing-bucket', 'bucket_not_found'],
  ])('from a missing %s says so', async (_, bucket, reason) => {
    const broken = store.download({ bucket, key: 'missing.glb' }, target(), { maxBytes: 100 });
    await expect(broken).rejects.toMatchObject({ reason });
  });
});

describe('what is not there', () => {
  test('is undefined to read and head, and removing it is no error', async () => {
    expect(await store.read(at('nothing'), 100)).toBeUndefined();
    expect(await store.head(at('nothing'))).toBeUndefined();
    await store.remove(at('nothing'));
  });

  test('as a bucket is bucket_not_found to list and write', async () => {
    await expect(store.list('missing-bucket', { prefix: '' })).rejects.toMatchObject({ reason: 'bucket_not_found' });
    const write = store.write({ bucket: 'missing-bucket', key: 'a' }, 'x', {
      condition: { ifAbsent: true },
      contentType: 'text/plain',
    });
    await expect(write).rejects.toMatchObject({ reason: 'bucket_not_found' });
  });
});

test('a small read of a large object is refused', async () => {
  await put('report.json', 'x'.repeat(1001));
  await expect(store.read(at('report.json'), 1000)).rejects.toMatchObject({ reason: 'asset_too_large' });
});

test('a bucket is created once, and the second time left as it is', async () => {
  await store.createBucket('made-here');
  await store.write({ bucket: 'made-here', key: 'a' }, 'x', { condition: 'always', contentType: 'text/plain' });
  await store.createBucket('made-here');
  expect((await store.list('made-here', { prefix: '' })).objects).toHaveLength(1);
});

test('a bucket that the configuration does not name is refused', () => {
  expect(() => store.checkBucket('another')).toThrow(/'another' may not be used/);
  store.checkBucket(BUCKET);
});

test.each([
  'odd/ leading space',
  'odd/a b+c%20d',
  'odd/a&b<c>"d\'e',
  'odd/a?b#c',
  'odd/ä-ß-日本語-😀',
  'odd/a..b',
  'odd/(a)!*',
])('the key %j is written, listed, read and removed as it is', async (key) => {
  const { etag } = await put(key, key);
  expect(await textOf(key)).toBe(key);
  expect(await store.head(at(key))).toMatchObject({ etag });
  const listed = (await Array.fromAsync(store.listAll(BUCKET, 'odd/'))).flat();
  expect(listed.filter((object) => object.key === key)).toHaveLength(1);
  await store.remove(at(key));
  expect(await store.head(at(key))).toBeUndefined();
});

test('a whole prefix is listed page by page, each object once, in the order of keys', async () => {
  const keys = Array.from({ length: 1_050 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
  await mkdir(join(s3.folder, BUCKET, 'many'));
  await Promise.all(keys.map((key) => writeFile(join(s3.folder, BUCKET, key), '')));
  const pages = await Array.fromAsync(store.listAll(BUCKET, 'many/'));
  expect(pages.map((page) => page.length)).toEqual([1_000, 50]);
  expect(pages.flat().map(({ key }) => key)).toEqual(keys);
});

describe('credentials with the wrong', () => {
  test.each([
    ['secret', { accessKeyId: 'cyclorama-test', secretAccessKey: 'wrong' }],
    ['key', { accessKeyId: 'wrong', secretAccessKey: 'wrong' }],
  ])('%s are access_denied, not a store that is down or empty', async (_, key) => {
    const denied = openAt(s3.url, {}, key);
    await put('there.glb', 'x');
    // Not HEAD: versitygw answers an unknown key with 404, and HEAD has no body that would say why.
    const calls = [
      () => denied.list(BUCKET, { prefix: '' }),
      () => denied.read(at('there.glb'), 100),
      () => denied.download(at('there.glb'), join(folder(), 'x'), { maxBytes: 100 }),
      () => denied.write(at('new'), 'x', { condition: 'always', contentType: 'text/plain' }),
      () => denied.remove(at('there.glb')),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ reason: 'access_denied' });
    expect(await textOf('there.glb')).toBe('x');
  });
});

describe('a signal that aborts', () => {
  test('before a request sends none', async () => {
    const { url, requests } = await listen((_request, response) => response.end());
    await expect(openAt(url).head(at('a'), AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    expect(requests()).toBe(0);
  });

  test.each(['head', 'read', 'write', 'list'] as const)(
    'in mid-%s ends the request on the wire at once',
    async (op) => {
      const { url, requests, open } = await listen(() => {});
      const ending = new AbortController();
      const silent = openAt(url);
      const call = {
        head: () => silent.head(at('a'), ending.signal),
        read: () => silent.read(at('a'), 100, ending.signal),
        write: () => silent.write(at('a'), 'x', { condition: 'always', contentType: 'text/plain' }, ending.signal),
        list: () => silent.list(BUCKET, { prefix: '' }, ending.signal),
      }[op]();
      await expect.poll(requests).toBe(1);
      const start = performance.now();
      ending.abort(new Error('cancelled'));
      await expect(call).rejects.toThrow('cancelled');
      // Long before any deadline of its own.
      expect(performance.now() - start).toBeLessThan(10_000);
      await expect.poll(open).toBe(0);
      expect(requests()).toBe(1);
    },
  );

  test('in the middle of a body ends the download at once', async () => {
    const { url, requests } = await listen((_request, response) => {
      response.writeHead(200, { 'content-length': '1000000', etag: '"x"' });
      response.write('half');
    });
    const ending = new AbortController();
    const path = join(folder(), 'half');
    const call = openAt(url).download(at('a'), path, { maxBytes: 1_000_000 }, ending.signal);
    await expect.poll(requests).toBe(1);
    await expect.poll(async () => (await stat(path).catch(() => undefined))?.size).toBe(4);
    ending.abort(new Error('cancelled'));
    await expect(call).rejects.toThrow('cancelled');
    expect(requests()).toBe(1);
  });
});

describe('a store that is ill', () => {
  test('and takes connections without ever answering is store_unavailable after a few deadlines', async () => {
    const deadlineMs = 300;
    const hole = createSocketServer(() => {});
    await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void hole.close());
    const black = openAt(`http://127.0.0.1:${(hole.address() as AddressInfo).port}`, { deadlineMs });
    const start = performance.now();
    await expect(black.head(at('a'))).rejects.toMatchObject({ reason: 'store_unavailable' });
    // Four tries, and the pauses between them.
    expect(performance.now() - start).toBeLessThan(4 * deadlineMs + 5_000);
  });

  test('and breaks bodies off is asked again until one is whole', async () => {
    let asked = 0;
    const { url } = await listen((_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-length': '8', etag: '"x"' });
      if (asked < 3) {
        response.write('half');
        setTimeout(() => response.destroy(), 20);
      } else response.end('the body');
    });
    const path = join(folder(), 'whole');
    const sha256 = createHash('sha256').update('the body').digest('hex');
    expect(await openAt(url).download(at('a'), path, { maxBytes: 100 })).toEqual({ sizeBytes: 8, etag: 'x', sha256 });
    expect(await readFile(path, 'utf8')).toBe('the body');
    expect(asked).toBe(3);
  });

  test('and sends 503 now and then is asked again; one that only sends 503 is store_unavailable', async () => {
    let asked = 0;
    const slowDown: RequestListener = (_request, response) => {
      asked += 1;
      response.writeHead(503, { 'content-type': 'application/xml' });
      response.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>');
    };
    const patient = await listen((request, response) => {
      if (asked < 2) slowDown(request, response);
      else response.writeHead(200, { 'content-length': '0', etag: '"x"' }).end();
    });
    expect(await openAt(patient.url).head(at('a'))).toMatchObject({ etag: 'x' });
    const down = await listen(slowDown);
    await expect(openAt(down.url).head(at('a'))).rejects.toMatchObject({ reason: 'store_unavailable' });
  });
});

function openAt(
  endpoint: string,
  { deadlineMs }: { deadlineMs?: number } = {},
  key = { accessKeyId: 'a', secretAccessKey: 'b' },
): ObjectStore {
  const settings = { endpoint, forcePathStyle: true, checksums: 'when_required', region: 'us-east-1' } as const;
  const opened = createObjectStore({ s3: settings, allowedBuckets: undefined }, createMetrics('test'), key, deadlineMs);
  onTestFinished(() => opened.close());
  return opened;
}

/** A small HTTP server that counts requests and open connections. */
async function listen(answer: RequestListener): Promise<{ url: string; requests: () => number; open: () => number }> {
  let requests = 0;
  let open = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests: () => requests, open: () => open };
}
