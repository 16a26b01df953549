import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { describeTaken, freePortBase, HOST, portsFrom } from './ports.ts';

test('the default ports are those of the documentation', () => {
  expect(portsFrom()).toEqual({
    discovery: 50051,
    'discovery.http': 9101,
    analysis: 50052,
    'analysis.http': 9102,
    rendering: 50053,
    'rendering.http': 9103,
    worker: 9110,
    nats: 4222,
    natsMonitor: 8222,
    s3: 9000,
  });
});

test('a base moves every port into its span, and none twice', () => {
  const ports = Object.values(portsFrom(20_000));
  expect(new Set(ports).size).toBe(Object.keys(portsFrom()).length);
  expect(ports.every((port) => port >= 20_000 && port < 20_100)).toBe(true);
});

test('each taken port is named with its part and the process that listens', async () => {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const taken = await describeTaken({ nats: port });
  server.close();
  expect(taken).toEqual([expect.stringMatching(`^port ${port} \\(nats\\) is in use by process ${process.pid} \\(`)]);
});

test('a free base is one on which no port is taken', async () => {
  expect(await describeTaken(portsFrom(await freePortBase()))).toEqual([]);
});
