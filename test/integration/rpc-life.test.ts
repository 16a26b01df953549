import { readFileSync } from 'node:fs';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, test } from 'vitest';
import {
  DiscoveryServiceClient,
  DiscoveryServiceService,
  ListAssetsRequest,
  ListAssetsResponse,
  ScanAssetsRequest,
} from '../../gen/cyclorama/discovery/v1/discovery.ts';
import {
  HealthCheckRequest,
  HealthClient,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../gen/health/v1/health.ts';
import {
  ServerReflectionClient,
  ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../../gen/v1/reflection.ts';
import { ServerReflectionClient as AlphaClient } from '../../gen/v1alpha/reflection.ts';
import { callStream, callUnary, createClient } from '../../services/kernel/rpc/client.ts';
import { bindService, type Handlers } from '../../services/kernel/rpc/service.ts';
import { until } from '../support/poll.ts';
import { TestRpc } from '../support/servers/rpc.ts';
import { freePort } from '../support/servers/server-process.ts';

const DISCOVERY = 'cyclorama.discovery.v1.DiscoveryService';
const LIST = ListAssetsRequest.fromPartial({ prefixUri: 's3://bucket/' });
const SCAN = ScanAssetsRequest.fromPartial({ prefixUri: 's3://bucket/' });
const EMPTY = ListAssetsResponse.fromPartial({});

const servers: TestRpc[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(
  handlers: Partial<Handlers<typeof DiscoveryServiceService>> = {},
  settings: Parameters<typeof TestRpc.create>[1] = {},
): Promise<TestRpc> {
  const empty = { listAssets: async () => EMPTY, scanAssets: async function* () {} };
  const rpc = await TestRpc.create([bindService(DiscoveryServiceService, { ...empty, ...handlers })], settings);
  servers.push(rpc);
  return rpc;
}

const soon = (): { deadlineMs: number } => ({ deadlineMs: Date.now() + 20_000 });

describe('stopping', () => {
  test('lets a call under way end and refuses new ones', async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const rpc = await serve({
      listAssets: async () => {
        entered.resolve();
        await leave.promise;
        return EMPTY;
      },
    });
    const client = rpc.client(DiscoveryServiceClient);
    const call = callUnary(client, client.listAssets, LIST, soon());
    await entered.promise;
    const stopped = rpc.stop(10_000);
    const late = createClient(DiscoveryServiceClient, rpc.address);
    await expect(callUnary(late, late.listAssets, LIST, soon())).rejects.toMatchObject({
      reason: 'service_unavailable',
    });
    late.close();
    leave.resolve();
    await expect(call).resolves.toEqual(EMPTY);
    await stopped;
  });

  test('ends a stream that outlasts the grace with service_unavailable, and its generator', async () => {
    let cleaned = false;
    const rpc = await serve({
      scanAssets: async function* (_, { signal }) {
        try {
          yield { assets: [] };
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        } finally {
          cleaned = true;
        }
      },
    });
    const client = rpc.client(DiscoveryServiceClient);
    const read = async (): Promise<void> => {
      let stopped: Promise<void> | undefined;
      for await (const _ of callStream(client, client.scanAssets, SCAN, soon())) stopped ??= rpc.stop(200);
      await stopped;
    };
    await expect(read()).rejects.toMatchObject({
      reason: 'service_unavailable',
      message: expect.stringContaining('going away'),
    });
    await until('the generator ends', () => cleaned);
  });

  test('is not held up by handlers that hang nor by health watches', async () => {
    const entered = Promise.withResolvers<void>();
    const rpc = await serve({
      listAssets: () => {
        entered.resolve();
        return new Promise(() => {});
      },
    });
    const client = rpc.client(DiscoveryServiceClient);
    const call = callUnary(client, client.listAssets, LIST, soon());
    const refused = expect(call).rejects.toMatchObject({ reason: 'service_unavailable' });
    await entered.promise;
    const begin = performance.now();
    await rpc.stop(100);
    expect(performance.now() - begin).toBeLessThan(3_000);
    await refused;
  });
});

describe('health', () => {
  test('follows setServing by service, while the process as a whole serves', async () => {
    const rpc = await serve();
    const client = rpc.client(HealthClient);
    const check = async (service: string) =>
      (await callUnary(client, client.check, HealthCheckRequest.fromPartial({ service }), soon())).status;
    expect(await check(DISCOVERY)).toBe(Serving.SERVING);
    rpc.setServing(false);
    expect(await check(DISCOVERY)).toBe(Serving.NOT_SERVING);
    expect(await check('')).toBe(Serving.SERVING);
    await expect(check('no.such.Service')).rejects.toMatchObject({ reason: 'service_not_found' });
  });

  test('needs no token', async () => {
    const rpc = await serve({}, { token: 'a-token-of-some-length' });
    const client = rpc.client(HealthClient);
    const { statuses } = await callUnary(client, client.list, {}, soon());
    expect(Object.keys(statuses).sort()).toEqual(['', DISCOVERY]);
  });

  test('a watch tells each change and ends when the server stops', async () => {
    const rpc = await serve();
    const client = rpc.client(HealthClient);
    const told: Serving[] = [];
    const request = HealthCheckRequest.fromPartial({ service: DISCOVERY });
    let stopped: Promise<void> | undefined;
    for await (const { status } of callStream(client, client.watch, request, soon())) {
      told.push(status);
      if (told.length === 1) rpc.setServing(false);
      if (told.length === 2) rpc.setServing(true);
      if (told.length === 3) stopped = rpc.stop(10_000);
    }
    expect(told).toEqual([Serving.SERVING, Serving.NOT_SERVING, Serving.SERVING, Serving.NOT_SERVING]);
    await stopped;
  });
});

describe('reflection', () => {
  /** Asks one question over a reflection stream. */
  async function ask(
    client: ServerReflectionClient | AlphaClient,
    messageRequest: NonNullable<ServerReflectionRequest['messageRequest']>,
  ): Promise<ServerReflectionResponse['messageResponse']> {
    const call = client.serverReflectionInfo();
    call.end(ServerReflectionRequest.fromPartial({ messageRequest }));
    const [answer] = await Array.fromAsync(call as AsyncIterable<ServerReflectionResponse>);
    return answer?.messageResponse;
  }

  test.each([
    ['v1', ServerReflectionClient],
    ['v1alpha', AlphaClient],
  ] as const)('%s lists the services, and gives files that resolve by themselves', async (_, Client) => {
    const rpc = await serve();
    const client = rpc.client<ServerReflectionClient | AlphaClient>(Client);
    const listed = await ask(client, { $case: 'listServices', value: '' });
    const names = listed?.$case === 'listServicesResponse' ? listed.value.service.map(({ name }) => name) : [];
    expect(names).toEqual([
      DISCOVERY,
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
    for (const name of names) {
      const found = await ask(client, { $case: 'fileContainingSymbol', value: name });
      const bytes = found?.$case === 'fileDescriptorResponse' ? found.value.fileDescriptorProto : [];
      const file = bytes.map((one) => fromBinary(FileDescriptorProtoSchema, one));
      const registry = createFileRegistry(
        create(FileDescriptorSetSchema, { file: file.toReversed() }) as FileDescriptorSet,
      );
      expect(registry.getService(name)?.methods.length).toBeGreaterThan(0);
    }
  });

  test('finds methods, nested names and files, and says what it does not have', async () => {
    const rpc = await serve();
    const client = rpc.client(ServerReflectionClient);
    const symbol = (value: string) => ask(client, { $case: 'fileContainingSymbol', value });
    expect((await symbol(`${DISCOVERY}.ListAssets`))?.$case).toBe('fileDescriptorResponse');
    expect((await symbol('cyclorama.asset.v1.Asset.uri'))?.$case).toBe('fileDescriptorResponse');
    const byName = await ask(client, { $case: 'fileByFilename', value: 'google/protobuf/timestamp.proto' });
    expect(byName?.$case).toBe('fileDescriptorResponse');
    for (const value of ['no.such.Symbol', '', 'nodots']) {
      expect(await symbol(value)).toMatchObject({ $case: 'errorResponse', value: { errorCode: 5 } });
    }
  });
});

describe('connecting', () => {
  test('nobody there is told at once, by address', async () => {
    const port = await freePort();
    const client = createClient(DiscoveryServiceClient, `localhost:${port}`);
    const begin = performance.now();
    await expect(callUnary(client, client.listAssets, LIST, soon())).rejects.toMatchObject({
      reason: 'service_unavailable',
      message: expect.stringContaining(`localhost:${port}`),
    });
    // Of its deadline's 20 s.
    expect(performance.now() - begin).toBeLessThan(10_000);
    client.close();
  });

  test('a client finds its server again after a restart', async () => {
    const port = await freePort();
    const client = createClient(DiscoveryServiceClient, `127.0.0.1:${port}`);
    const first = await serve({}, { grpcPort: port });
    await callUnary(client, client.listAssets, LIST, soon());
    await first.stop(0);
    await serve({}, { grpcPort: port });
    await until('the client reaches it', () =>
      callUnary(client, client.listAssets, LIST, soon()).then(
        () => true,
        () => false,
      ),
    );
    client.close();
  });

  test('TLS works with the right authority and with no other', async () => {
    const read = (name: string): Buffer => readFileSync(new URL(`../support/servers/tls/${name}`, import.meta.url));
    const rpc = await serve({}, { tls: { certificate: read('cert.pem'), key: read('key.pem') } });
    const trusting = rpc.client(DiscoveryServiceClient, { tlsCa: read('cert.pem') });
    await expect(callUnary(trusting, trusting.listAssets, LIST, soon())).resolves.toEqual(EMPTY);
    const plain = rpc.client(DiscoveryServiceClient);
    await expect(callUnary(plain, plain.listAssets, LIST, soon())).rejects.toMatchObject({
      reason: 'service_unavailable',
    });
  });
});
