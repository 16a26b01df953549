import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { DiscoveryServiceClient, ScanAssetsRequest } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { callStream, createClient } from '../../services/kernel/rpc/client.ts';
import { until } from '../support/poll.ts';
import { freePort, listens } from '../support/servers/server-process.ts';
import { ServiceProcess } from '../support/servers/service-process.ts';

const PROGRAM = 'test/support/servers/discovery-alone.ts';
const SECRET = 'a-token-of-some-length';
const NO_STORE = { CYCLORAMA_S3_ENDPOINT: 'http://127.0.0.1:1', CYCLORAMA_ALLOWED_BUCKETS: 'assets' };

const running: ServiceProcess[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function start(env: Record<string, string> = {}): Promise<ServiceProcess> {
  const service = await ServiceProcess.create(PROGRAM, { ...NO_STORE, ...env });
  running.push(service);
  return service;
}

/** Runs the program until it ends by itself. */
async function runToEnd(env: Record<string, string>, program = PROGRAM): Promise<{ code: number; output: string }> {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path], { env: { ...process.env, ...NO_STORE, ...env }, timeout: 20_000 });
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, output };
}

describe('configuration', () => {
  test('an unusable one ends the start with 78 and every problem', async () => {
    const { code, output } = await runToEnd({
      CYCLORAMA_GRPC_PORT: '99999',
      CYCLORAMA_LOG_LEVEL: 'loud',
      CYCLORAMA_TOKEN: 'short-secret',
    });
    expect(code).toBe(78);
    for (const name of ['CYCLORAMA_GRPC_PORT', 'CYCLORAMA_LOG_LEVEL', 'CYCLORAMA_TOKEN'])
      expect(output).toContain(name);
    expect(output).not.toContain('short-secret');
  });

  test('a worker for an operation that does not exist ends with 78 and says which exist', async () => {
    const env = { CYCLORAMA_OPERATIONS: 'rendring', CYCLORAMA_HTTP_PORT: '0' };
    const { code, output } = await runToEnd(env, 'services/worker/main.ts');
    expect({ code, output }).toEqual({ code: 78, output: expect.stringContaining('analysis, rendering') });
  });

  test('binding to the outside without TLS and token is refused', async () => {
    const { code, output } = await runToEnd({ CYCLORAMA_HOST: '0.0.0.0' });
    expect(code).toBe(78);
    expect(output).toContain('CYCLORAMA_INSECURE_BIND');
  });

  test('is logged once, without secrets', async () => {
    const service = await start({ CYCLORAMA_TOKEN: SECRET });
    expect(service.server.output.match(/"msg":"starting"/g)).toHaveLength(1);
    expect(service.server.output).not.toContain(SECRET);
  });

  test('a port in use ends the start with 1 and its number', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    for (const name of ['CYCLORAMA_GRPC_PORT', 'CYCLORAMA_HTTP_PORT']) {
      const { code, output } = await runToEnd({ [name]: String(port) });
      expect(code).toBe(1);
      expect(output).toContain(`127.0.0.1:${port}`);
    }
    taken.close();
  });
});

describe('over HTTP', () => {
  test('a process tells that it lives, is ready, and what it counted', async () => {
    const service = await start();
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${service.httpPort}${path}`);
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/else')).status).toBe(404);
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const body = await metrics.text();
    for (const name of ['cyclorama_build_info', 'grpc_server_started_total', 'cyclorama_assets_discovered_total']) {
      expect(body).toMatch(new RegExp(`^${name}\\b`, 'm'));
    }
  });
});

describe('ending', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle process with 0 and leaves its ports', async (signal) => {
    const service = await start();
    expect(await service.server.close(signal)).toBe(0);
    expect(await listens(service.grpcPort)).toBe(false);
    expect(await listens(service.httpPort)).toBe(false);
    expect(service.server.output).toContain('"msg":"stopped"');
  });

  test('a second signal ends it at once', async () => {
    // A store that takes connections and never answers holds the scan, and with it the orderly end.
    const silent = createServer(() => {}).listen(await freePort(), '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const service = await start({
      CYCLORAMA_S3_ENDPOINT: `http://127.0.0.1:${port}`,
      CYCLORAMA_S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
    const client = createClient(DiscoveryServiceClient, `127.0.0.1:${service.grpcPort}`);
    const request = ScanAssetsRequest.fromPartial({ prefixUri: 's3://assets/' });
    const scan = Array.fromAsync(callStream(client, client.scanAssets, request, { deadlineMs: Date.now() + 60_000 }));
    const broken = expect(scan).rejects.toMatchObject({ reason: 'service_unavailable' });
    await once(silent, 'connection');
    const begin = performance.now();
    service.server.child.kill('SIGTERM');
    await until('it takes the first signal', () => service.server.output.includes('"msg":"stopping"'));
    expect(await service.server.close('SIGTERM')).toBe(1);
    expect(performance.now() - begin).toBeLessThan(5_000);
    await broken;
    client.close();
    silent.close();
  });
});

test('a process whose drain fails lets go of what it holds all the same, and exits 1', async () => {
  const ports = { CYCLORAMA_HTTP_PORT: String(await freePort()) };
  const { code, output } = await runToEnd(ports, 'test/support/blender/broken-drain.ts');
  expect(output).toContain('"msg":"closed"');
  expect(output).toContain('the drain failed');
  expect(code).toBe(1);
});
