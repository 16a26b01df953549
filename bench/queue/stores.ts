import { readFileSync } from 'node:fs';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { readConfig } from '../../services/kernel/process/config.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { pause } from '../../services/kernel/signal.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore, StoredObject, WriteCondition } from '../../services/kernel/store/types.ts';
import type { RunSettings } from './setting.ts';

/** Reads the configuration of a process of the benchmark: that of production, with this run's servers. */
export function benchConfig({ natsUrl }: Pick<RunSettings, 'natsUrl'>) {
  return readConfig({ ...process.env, CYCLORAMA_NATS_URL: natsUrl }, { grpcPort: 0, httpPort: 0 });
}

/** Opens the store of a run. */
export function openStore(settings: RunSettings): ObjectStore {
  if (settings.store === 's3') return createObjectStore(benchConfig(settings), createMetrics('bench'));
  return createMemoryStore(settings.store === 'distant' ? DISTANT_MS : 0);
}

/** Milliseconds that a small request to S3 from the same region usually takes. */
const DISTANT_MS = 20;

/** Makes a store that keeps objects in this process, and answers each request after `delayMs`. */
function createMemoryStore(delayMs: number): ObjectStore {
  const answer = async <T>(give: () => T): Promise<T> => {
    if (delayMs > 0) await pause(delayMs);
    return give();
  };
  const objects = new Map<string, { body: Buffer; etag: string }>();
  let writes = 0;
  const toStored = (key: string): StoredObject => {
    const { body, etag } = objects.get(key)!;
    return { key, sizeBytes: BigInt(body.length), etag, lastModifyTime: undefined };
  };
  const store: ObjectStore = {
    checkBucket: () => {},
    // The benchmark lists only the records of one asset, and there are none before its attempt.
    list: () => answer(() => ({ objects: [], nextToken: undefined })),
    async *listAll(bucket, prefix) {
      yield (await store.list(bucket, { prefix })).objects;
    },
    head: ({ key }) => answer(() => (objects.has(key) ? toStored(key) : undefined)),
    read: ({ key }) => answer(() => objects.get(key)),
    download: () => Promise.reject(new Error('a task without asset downloads nothing')),
    write: ({ key }, content, { condition }) =>
      answer(() => {
        checkCondition(key, condition, objects.get(key)?.etag);
        const isFile = typeof content === 'object' && 'path' in content;
        const body = isFile ? readFileSync(content.path) : Buffer.from(content);
        const etag = String(++writes);
        // Records are not kept, since the benchmark measures the kernel's memory.
        if (!key.includes('/records/')) objects.set(key, { body, etag });
        return { sizeBytes: body.length, etag, sha256: '' };
      }),
    remove: async ({ key }) => void objects.delete(key),
    createBucket: async () => {},
    close: () => {},
  };
  return store;
}

function checkCondition(key: string, condition: WriteCondition, standing: string | undefined): void {
  if (condition === 'always') return;
  const holds = 'ifAbsent' in condition ? standing === undefined : standing === condition.ifEtag;
  if (!holds) throw new CycloramaError('precondition_failed', `'${key}' is not as the condition says`);
}
