import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { createHttpServer, type HttpServer, type ReadyCheck, readProblems } from './http.ts';

let server: HttpServer | undefined;
afterEach(() => server?.stop());

async function readyz(ready: ReadyCheck): Promise<{ status: number; body: string }> {
  server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    registry: new Registry(),
    ready,
    log: pino({ level: 'silent' }),
  });
  const { port } = await server.start();
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  return { status: response.status, body: await response.text() };
}

test('a process without problems is ready', async () => {
  expect(await readyz(() => [])).toEqual({ status: 200, body: 'ok\n' });
});

test('problems are told, a line each', async () => {
  expect(await readyz(async () => ['NATS is down', 'S3 is down'])).toEqual({
    status: 503,
    body: 'NATS is down\nS3 is down\n',
  });
});

test('a check that throws is a problem', async () => {
  expect(
    await readyz(() => {
      throw new Error('check failed');
    }),
  ).toEqual({ status: 503, body: 'check failed\n' });
});

test('a check that hangs is a problem', async () => {
  expect(await readProblems(() => new Promise(() => {}))).toEqual([expect.stringContaining('no answer within')]);
});
