import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/memory/store.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { readPath, type SheetServer, serveSheet } from './server.ts';
import { bucketSource, folderSource, type SheetSource } from './source.ts';

const folder = temporaryFolder();
let server: SheetServer | undefined;
afterEach(() => server?.close());

async function serve(
  source: SheetSource,
): Promise<
  (
    path: string,
    init?: { method?: string; host?: string; known?: string },
  ) => Promise<{ status: number; type: string; text: string }>
> {
  server = await serveSheet(source, { port: 0, signal: new AbortController().signal, onTrouble: () => {} });
  const { port, pathname } = new URL(server.url);
  const base = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  return (path, { method = 'GET', host = `127.0.0.1:${port}`, known } = {}) =>
    new Promise((resolve, reject) => {
      // `fetch` would tidy the path up and set the host itself.
      const asked = request({
        port,
        host: '127.0.0.1',
        method,
        path: path.startsWith('/') ? path : base + path,
        headers: { host, ...(known === undefined ? {} : { 'if-none-match': known }) },
      });
      asked.once('error', reject).once('response', async (response) => {
        const text = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString();
        resolve({ status: response.statusCode!, type: response.headers['content-type'] ?? '', text });
      });
      asked.end();
    });
}

async function serveFolder() {
  const root = join(folder(), 'set');
  mkdirSync(join(root, 'chair'), { recursive: true });
  writeFileSync(join(folder(), 'secret.png'), 'secret');
  writeFileSync(join(root, 'index.html'), '<p>');
  writeFileSync(join(root, 'chair', 'a #1%.png'), 'image');
  writeFileSync(join(root, 'chair', 'evil.html'), '<script>');
  symlinkSync(join(folder(), 'secret.png'), join(root, 'link.png'));
  return serve(await folderSource(root));
}

test('files of the folder are served with their types, foreign HTML as a download', async () => {
  const get = await serveFolder();
  expect(await get('index.html')).toEqual({ status: 200, type: 'text/html; charset=utf-8', text: '<p>' });
  expect(await get('chair/a%20%231%25.png')).toMatchObject({ status: 200, type: 'image/png', text: 'image' });
  expect(await get('chair/evil.html')).toMatchObject({ status: 200, type: 'application/octet-stream' });
});

test.each([
  '../secret.png',
  '..%2fsecret.png',
  '%2e%2e/secret.png',
  'chair/..%5c..%5csecret.png',
  'link.png',
  'chair',
  'chair/',
  'chair//a%20%231%25.png',
  'chair//../../secret.png',
  'none.png',
  'index.html%00.png',
  '%ff',
  '/index.html',
  '/',
  '//set/index.html',
])('%s is not there', async (path) => {
  const get = await serveFolder();
  expect(await get(path)).toMatchObject({ status: 404, text: '404\n' });
});

test('whoever comes by another name of this machine, or wants to write, is refused', async () => {
  const get = await serveFolder();
  expect((await get('index.html', { host: 'evil.example' })).status).toBe(403);
  expect((await get('index.html', { method: 'PUT' })).status).toBe(405);
  expect(await get('index.html', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
});

test('of a bucket only what lies below the prefix is served', async () => {
  const store = new MemoryStore();
  for (const key of ['out/index.html', 'out/a/b.png', 'out/a//b.png', 'secret.png'])
    store.objects.set(`bucket/${key}`, { body: Buffer.from(key), etag: key });
  const get = await serve(bucketSource(store, { bucket: 'bucket', key: 'out/' }));
  expect(await get('a/b.png')).toMatchObject({ status: 200, text: 'out/a/b.png' });
  expect(await get('a//b.png')).toMatchObject({ status: 200, text: 'out/a//b.png' });
  for (const path of ['../secret.png', '%2e%2e/secret.png', 'secret.png']) expect((await get(path)).status).toBe(404);
  store.fault = () => {
    throw new Error('gone');
  };
  expect((await get('a/b.png')).status).toBe(502);
});

test('what the browser has already is not sent again, unless the store cannot tell that it is the same', async () => {
  const store = new MemoryStore();
  store.objects.set('bucket/tagged.png', { body: Buffer.from('image'), etag: 'e1' });
  store.objects.set('bucket/plain.png', { body: Buffer.from('image'), etag: '' });
  const get = await serve(bucketSource(store, { bucket: 'bucket', key: '' }));
  expect((await get('tagged.png', { known: '"e1"' })).status).toBe(304);
  expect((await get('plain.png', { known: '""' })).status).toBe(200);
});

test('a port that is taken is refused by its option', async () => {
  await serveFolder();
  const port = Number(new URL(server!.url).port);
  const again = serveSheet(async () => undefined, { port, signal: new AbortController().signal, onTrouble: () => {} });
  await expect(again).rejects.toMatchObject({
    reason: 'invalid_request',
    detail: { violations: [{ field: '--port' }] },
  });
});

test.each([
  ['/token/a/b.png?123', ['a', 'b.png']],
  ['/token/a%2Fb', undefined],
  ['/token//a//b', ['', 'a', '', 'b']],
  ['/token/a//../b', undefined],
  ['/token/', undefined],
  ['/token', undefined],
  ['/tokem/a', undefined],
  ['/token/../a', undefined],
])('the path of %s is %j', (url, expected) => {
  expect(readPath(url, 'token')).toEqual(expected);
});
