import { readConfig } from '../../services/kernel/config.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { createMetrics } from '../../services/kernel/metrics.ts';
import { createObjectStore, type ObjectStore, type StoredObject } from '../../services/kernel/object-store.ts';
import type { RunSettings } from './setting.ts';

/** The settings of a process of the benchmark: those of production, with this run's servers. */
export function benchConfig({ natsUrl }: Pick<RunSettings, 'natsUrl'>) {
  return readConfig({ ...process.env, CYCLORAMA_NATS_URL: natsUrl }, { grpcPort: 0, httpPort: 0 });
}

/** The store of a run. */
export function openStore(settings: RunSettings): ObjectStore {
  return settings.records === 's3'
    ? createObjectStore(benchConfig(settings), createMetrics('bench'))
    : createMemoryStore();
}

/** A store that keeps what it is told to in this process, and answers at once. */
function createMemoryStore(): ObjectStore {
  const objects = new Map<string, Buffer>();
  const toStored = (key: string): StoredObject => ({
    key,
    sizeBytes: BigInt(objects.get(key)!.length),
    etag: 'in-memory',
    lastModifyTime: undefined,
  });
  const store: ObjectStore = {
    checkBucket: () => {},
    async list(_bucket, { prefix }) {
      // Listings of the benchmark are of a task's own folders, which are empty before its attempt.
      return { objects: objects.has(prefix) ? [toStored(prefix)] : [], nextToken: undefined };
    },
    async *listAll(bucket, prefix) {
      yield (await store.list(bucket, { prefix })).objects;
    },
    head: async ({ key }) => (objects.has(key) ? toStored(key) : undefined),
    async read({ key }) {
      const body = objects.get(key);
      return body && { body, etag: 'in-memory' };
    },
    download: () => Promise.reject(new Error('a task without asset downloads nothing')),
    async write({ key }, content, { condition }) {
      if (condition !== 'always' && 'ifAbsent' in condition && objects.has(key))
        throw new CycloramaError('precondition_failed', `'${key}' is there already`);
      const body = Buffer.from(content as string);
      // Records are counted, not kept: what is measured is the kernel's memory.
      if (!key.includes('/records/')) objects.set(key, body);
      return { sizeBytes: body.length, etag: 'in-memory', sha256: '' };
    },
    remove: async ({ key }) => void objects.delete(key),
    createBucket: async () => {},
    close: () => {},
  };
  return store;
}
