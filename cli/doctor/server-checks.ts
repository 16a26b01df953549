import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proveConditionalWrites } from '../../services/kernel/dataset/claim.ts';
import { toDatasetPlaces } from '../../services/kernel/dataset/places.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import type { NamedStore } from '../connect/stores.ts';
import { freePortBase } from '../stack/ports.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { type Check, fail, ok, SET_UP, toolsOrUndefined, warn } from './check.ts';

const OLDEST_NATS = [2, 10] as const;

/** Runs the installed servers once, on free ports and in a temporary folder. */
const installedServers: Check = {
  name: 'local servers',
  async run(signal) {
    if (toolsOrUndefined() === undefined) return fail('this clone is not set up', SET_UP);
    const data = await mkdtemp(join(tmpdir(), 'cyclorama-doctor-'));
    let stack: Stack | undefined;
    let store: ObjectStore | undefined;
    try {
      stack = await startStack({
        data,
        portBase: await freePortBase(),
        parts: ['nats', 's3'],
        autoRestart: false,
        signal,
      });
      const { endpoint, region, ...key } = stack.endpoints.s3;
      const s3 = { endpoint, region, forcePathStyle: true, checksums: 'when_supported' } as const;
      store = createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('doctor'), key);
      await store.createBucket('doctor', signal);
      await proveConditionalWrites(store, toDatasetPlaces('s3://doctor/out/'), signal);
      const { version } = await readNatsInfo(stack.endpoints.nats, signal);
      return ok(`nats-server ${version} with JetStream; versitygw honours conditional writes`);
    } finally {
      store?.close();
      await stack?.stop();
      await rm(data, { recursive: true, force: true });
    }
  },
};

/** Connects to the NATS server of the environment; its first line has the version and whether JetStream is on. */
function configuredNats(url: string | undefined): Check {
  return {
    name: 'NATS',
    async run(signal) {
      if (url === undefined) return ok('CYCLORAMA_NATS_URL is not set: the local stack is used');
      const { version, jetstream } = await readNatsInfo(url, signal);
      const shown = `nats-server ${version} at ${new URL(url).host}`;
      const [major = 0, minor = 0] = version.split('.').map(Number);
      if (major < OLDEST_NATS[0] || (major === OLDEST_NATS[0] && minor < OLDEST_NATS[1])) {
        return fail(`${shown}; expected ${OLDEST_NATS.join('.')} or newer`, 'upgrade the server');
      }
      return jetstream ? ok(`${shown} with JetStream`) : fail(`${shown} without JetStream`, 'start it with JetStream');
    },
  };
}

/** Tries conditional writes on the store, below the output place. */
function configuredStore(openStore: () => Promise<NamedStore>, outputUri: string | undefined): Check {
  return {
    name: 'S3',
    async run(signal) {
      const { store, where } = await openStore();
      if (outputUri === undefined) {
        return warn(`${where}: not tried`, 'give --output s3://BUCKET/PREFIX/ to try conditional writes there');
      }
      await proveConditionalWrites(store, toDatasetPlaces(outputUri), signal);
      return ok(`${where} honours conditional writes below ${outputUri}`);
    },
  };
}

/** The checks of the servers that jobs need; the store is the one that other commands would use. */
export function serverChecks(
  natsUrl: string | undefined,
  openStore: () => Promise<NamedStore>,
  outputUri: string | undefined,
): Check[] {
  return [installedServers, configuredNats(natsUrl), configuredStore(openStore, outputUri)];
}

interface NatsInfo {
  version: string;
  jetstream?: boolean;
}

async function readNatsInfo(url: string, signal: AbortSignal): Promise<NatsInfo> {
  const { hostname, port } = new URL(url);
  const socket = connectTcp({ host: hostname, port: Number(port) || 4222 });
  const timer = setTimeout(() => socket.destroy(new Error(`${hostname}:${port} did not greet within 5 s`)), 5_000);
  const onAbort = (): void => void socket.destroy(new Error('interrupted'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    let greeting = '';
    for await (const chunk of socket) {
      greeting += String(chunk);
      if (greeting.includes('\r\n') || greeting.length > 65_536) break;
    }
    const line = greeting.split('\r\n')[0] ?? '';
    if (!line.startsWith('INFO ')) throw new Error(`${hostname}:${port} does not speak NATS`);
    return JSON.parse(line.slice('INFO '.length)) as NatsInfo;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}
