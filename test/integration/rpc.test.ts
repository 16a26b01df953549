import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  DiscoveryServiceClient,
  DiscoveryServiceService,
  ListAssetsRequest,
  ListAssetsResponse,
  ScanAssetsRequest,
} from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { CycloramaError, invalidRequest } from '../../services/kernel/failure.ts';
import { type CallLimits, callStream, callUnary } from '../../services/kernel/rpc/client.ts';
import { bindService, type Handlers } from '../../services/kernel/rpc/service.ts';
import type { CallContext } from '../../services/kernel/rpc/types.ts';
import { pause } from '../../services/kernel/signal.ts';
import { until } from '../support/poll.ts';
import { TestRpc } from '../support/servers/rpc.ts';

type TestHandlers = Partial<Handlers<typeof DiscoveryServiceService>>;

const LIST = ListAssetsRequest.fromPartial({ prefixUri: 's3://bucket/' });
const SCAN = ScanAssetsRequest.fromPartial({ prefixUri: 's3://bucket/' });
const EMPTY = ListAssetsResponse.fromPartial({});

const servers: TestRpc[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A server whose discovery methods do what a test wants. */
async function serve(handlers: TestHandlers, settings: Parameters<typeof TestRpc.create>[1] = {}) {
  const service = bindService(DiscoveryServiceService, {
    listAssets: async () => EMPTY,
    scanAssets: async function* () {},
    ...handlers,
  });
  const rpc = await TestRpc.create([service], settings);
  servers.push(rpc);
  const client = rpc.client(DiscoveryServiceClient, { token: settings.token });
  const list = (limits: Partial<CallLimits> = {}) =>
    callUnary(client, client.listAssets, LIST, { deadlineMs: Date.now() + 20_000, ...limits });
  const scan = (limits: Partial<CallLimits> = {}) =>
    callStream(client, client.scanAssets, SCAN, { deadlineMs: Date.now() + 20_000, ...limits });
  return { rpc, client, list, scan };
}

/** Waits for the end of a call inside its handler. */
function untilAborted({ signal }: CallContext): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

describe('errors', () => {
  test('a typed error arrives with reason, message and violations', async () => {
    const { list } = await serve({
      listAssets: async () => {
        throw invalidRequest({ field: 'prefix_uri', description: 'is bad\n(ü)' });
      },
    });
    await expect(list()).rejects.toMatchObject({
      reason: 'invalid_request',
      message: 'prefix_uri: is bad\n(ü)',
      detail: { violations: [{ field: 'prefix_uri', description: 'is bad\n(ü)' }] },
    });
  });

  test('a defect is logged with its stack and hidden from the caller', async () => {
    const { rpc, list, scan } = await serve({
      listAssets: async () => {
        throw new TypeError('secret of ours');
      },
      // biome-ignore lint/correctness/useYield: it fails before its first message
      scanAssets: async function* () {
        throw new TypeError('secret of ours');
      },
    });
    for (const call of [list(), Array.fromAsync(scan())]) {
      const error: CycloramaError = await call.then(
        () => expect.fail('no error'),
        (thrown) => thrown,
      );
      expect(error.reason).toBe('internal');
      expect(error.message).toMatch(/^internal error, trace id [0-9a-f]{32}$/);
      const traceId = error.message.slice(-32);
      const line = rpc.log.find((entry) => entry.msg === 'defect' && entry.traceId === traceId);
      expect(line).toMatchObject({
        level: 50,
        err: { message: 'secret of ours', stack: expect.stringContaining('rpc.test') },
      });
    }
  });

  test('an error after some messages ends the stream behind them', async () => {
    const { scan } = await serve({
      scanAssets: async function* () {
        yield { assets: [] };
        yield { assets: [] };
        throw new CycloramaError('bucket_not_found', 'gone');
      },
    });
    let messages = 0;
    const read = async () => {
      for await (const _ of scan()) messages++;
    };
    await expect(read()).rejects.toMatchObject({ reason: 'bucket_not_found', message: 'gone' });
    expect(messages).toBe(2);
  });

  test('a request over the size limit is refused as message_too_large', async () => {
    const { client } = await serve({});
    const request = { ...LIST, pageToken: 'x'.repeat(5 * 1024 ** 2) };
    const call = callUnary(client, client.listAssets, request, { deadlineMs: Date.now() + 20_000 });
    await expect(call).rejects.toMatchObject({ reason: 'message_too_large' });
  });
});

describe('deadlines and cancelling', () => {
  test("the client's deadline aborts the handler", async () => {
    let seen: CallContext | undefined;
    const { list } = await serve({
      listAssets: (_, context) => {
        seen = context;
        return untilAborted(context);
      },
    });
    const deadlineMs = Date.now() + 2_000;
    await expect(list({ deadlineMs })).rejects.toMatchObject({ reason: 'deadline_exceeded' });
    // What the call took on its way; without a deadline the handler's would be minutes away.
    expect(Math.abs(seen!.deadlineMs - deadlineMs)).toBeLessThan(2_000);
    await until('the signal aborts', () => seen!.signal.aborted);
    expect(seen!.signal.reason).toMatchObject({ reason: 'deadline_exceeded' });
  });

  test('a call without a deadline gets the configured one, also when its handler ignores the signal', async () => {
    const { client } = await serve({ listAssets: () => new Promise(() => {}) }, { callTimeoutMs: 200 });
    const error = await new Promise<{ code?: number } | null>((resolve) => client.listAssets(LIST, resolve));
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
  });

  test.each(['listAssets', 'scanAssets'] as const)('cancelling %s aborts its handler', async (method) => {
    const entered = Promise.withResolvers<CallContext>();
    const { list, scan } = await serve({
      listAssets: (_, context) => {
        entered.resolve(context);
        return untilAborted(context);
      },
      // biome-ignore lint/correctness/useYield: it waits for its end
      scanAssets: async function* (_, context) {
        entered.resolve(context);
        await untilAborted(context);
      },
    });
    const leaving = new AbortController();
    const call =
      method === 'listAssets' ? list({ signal: leaving.signal }) : Array.fromAsync(scan({ signal: leaving.signal }));
    const { signal } = await entered.promise;
    leaving.abort();
    await expect(call).rejects.toMatchObject({ reason: 'cancelled' });
    await until('the signal aborts', () => signal.aborted);
    expect(signal.reason).toMatchObject({ reason: 'cancelled' });
  });

  test('a client that stops reading ends the generator, which cleans up', async () => {
    let cleaned = false;
    const { scan } = await serve({
      scanAssets: async function* () {
        try {
          for (;;) yield { assets: [] };
        } finally {
          cleaned = true;
        }
      },
    });
    for await (const _ of scan()) break;
    await until('the generator ends', () => cleaned);
  });

  test('an aborted signal stops a call before it is made', async () => {
    const listAssets = vi.fn(async () => EMPTY);
    const { list } = await serve({ listAssets });
    const reason = new CycloramaError('worker_draining', 'going');
    await expect(list({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(listAssets).not.toHaveBeenCalled();
  });
});

test('a slow reader slows the generator down', async () => {
  const batch = { assets: [{ uri: 'x'.repeat(100_000), sizeBytes: 0n, etag: '', lastModifyTime: undefined }] };
  let made = 0;
  const { scan } = await serve({
    scanAssets: async function* () {
      for (; made < 2_000; made++) yield batch;
    },
  });
  let read = 0;
  for await (const _ of scan()) {
    if (++read === 5) {
      await pause(500);
      expect(made).toBeLessThan(300);
    }
  }
  expect(read).toBe(2_000);
});

describe('the shared token', () => {
  const token = 'a-token-of-some-length';

  test.each([
    ['none', undefined],
    ['a wrong one', 'a-token-of-other-words'],
    ['a longer one', `${token}x`],
  ])('%s is refused before the handler', async (_, wrong) => {
    const listAssets = vi.fn(async () => EMPTY);
    const { rpc } = await serve({ listAssets }, { token });
    const client = rpc.client(DiscoveryServiceClient, { token: wrong });
    const call = callUnary(client, client.listAssets, LIST, { deadlineMs: Date.now() + 20_000 });
    await expect(call).rejects.toMatchObject({ reason: 'unauthenticated' });
    expect(listAssets).not.toHaveBeenCalled();
  });

  test('the right one is accepted', async () => {
    const { list } = await serve({}, { token });
    await expect(list()).resolves.toEqual(EMPTY);
  });

  test('never stands in the log', async () => {
    const { rpc, list } = await serve({}, { token });
    await list();
    expect(JSON.stringify(rpc.log)).not.toContain(token);
  });
});

describe('tracing and metrics', () => {
  test("the caller's trace id reaches handler, log and answer", async () => {
    let seen = '';
    const { rpc, client, list } = await serve({
      listAssets: async (_, { traceId }) => {
        seen = traceId;
        return EMPTY;
      },
    });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await list({ traceId });
    expect(seen).toBe(traceId);
    expect(rpc.log.find((line) => line.msg === 'call done')).toMatchObject({ traceId, code: 'OK' });
    const echoed = await new Promise((resolve) => {
      client.listAssets(LIST, () => {}).on('metadata', (metadata) => resolve(metadata.get('traceparent')[0]));
    });
    expect(echoed).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test('calls are counted by method and code', async () => {
    const { rpc, list } = await serve({
      listAssets: async ({ pageSize }) => {
        if (pageSize === 0) throw new CycloramaError('bucket_not_found', 'gone');
        return EMPTY;
      },
    });
    await expect(list()).rejects.toThrow('gone');
    const text = await rpc.metrics.registry.metrics();
    const labels = 'grpc_type="unary",grpc_service="cyclorama.discovery.v1.DiscoveryService",grpc_method="ListAssets"';
    expect(text).toContain(`grpc_server_started_total{${labels}} 1`);
    expect(text).toContain(`grpc_server_handled_total{${labels},grpc_code="NotFound"} 1`);
    expect(text).toContain(`grpc_server_handled_total{${labels},grpc_code="OK"} 0`);
    expect(text).toContain(`grpc_server_handling_seconds_count{${labels}} 1`);
  });
});
