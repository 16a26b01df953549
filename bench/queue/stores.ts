import { readFileSync } from 'node:fs';
import { readConfig } from '../../services/kernel/config.ts';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { createMetrics } from '../../services/kernel/metrics.ts';
import { createObjectStore, type ObjectStore, type StoredObject } from '../../services/kernel/object-store.ts';
import { pause } from '../../services/kernel/signal.ts';
import type { RunSettings } from './setting.ts';

/** The settings of a process of the benchmark: those of production, with this run's servers. */
export function benchConfig({ natsUrl }: Pick<RunSettings, 'natsUrl'>) {
  return readConfig({ ...process.env, CYCLORAMA_NATS_URL: natsUrl }, { grpcPort: 0, httpPort: 0 });
}

/** The store of a run. */
export function openStore(settings: RunSettings): ObjectStore {
  if (settings.store === 's3') return createObjectStore(benchConfig(settings), createMetrics('bench'));
  return createMemoryStore(settings.store === 'distant' ? DISTANT_MS : 0);
}

/** A usual time for a small request to S3 from the same region. */
const DISTANT_MS = 20;

/** Of every object in memory. */
const ETAG = 'in-memory';

/** A store that keeps what it is told to in this process, and takes its time to answer. */
function createMemoryStore(delayMs: number): ObjectStore {
  const answer = async <T>(give: () => T): Promise<T> => {
    if (delayMs > 0) await pause(delayMs);
    return give();
  };
  const objects = new Map<string, Buffer>();
  const toStored = (key: string): StoredObject => ({
    key,
    sizeBytes: BigInt(objects.get(key)!.length),
    etag: ETAG,
    lastModifyTime: undefined,
  });
  const store: ObjectStore = {
    checkBucket: () => {},
    // What the benchmark lists is the records of one asset, of which there are none before its attempt.
    list: () => answer(() => ({ objects: [], nextToken: undefined })),
    async *listAll(bucket, prefix) {
      yield (await store.list(bucket, { prefix })).objects;
    },
    head: ({ key }) => answer(() => (objects.has(key) ? toStored(key) : undefined)),
    read: ({ key }) =>
      answer(() => {
        const body = objects.get(key);
        return body && { body, etag: ETAG };
      }),
    download: () => Promise.reject(new Error('a task without asset downloads nothing')),
    write: ({ key }, content, { condition }) =>
      answer(() => {
        const isFile = typeof content === 'object' && 'path' in content;
        const body = isFile ? readFileSync(content.path) : Buffer.from(content);
        if (condition !== 'always' && 'ifAbsent' in condition && objects.has(key))
          throw new CycloramaError('precondition_failed', `'${key}' is there already`);
        if (condition !== 'always' && 'ifEtag' in condition && condition.ifEtag !== ETAG)
          throw new CycloramaError('precondition_failed', `'${key}' has another ETag`);
        // Records are not kept: what is measured is the kernel's memory.
        if (!key.includes('/records/')) objects.set(key, body);
        return { sizeBytes: body.length, etag: ETAG, sha256: '' };
      }),
    remove: async ({ key }) => void objects.delete(key),
    createBucket: async () => {},
    close: () => {},
  };
  return store;
}
