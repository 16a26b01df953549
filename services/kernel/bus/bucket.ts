import type { KV } from 'nats';
import { forEachBounded } from '../concurrency.ts';
import { withTimeout } from '../signal.ts';
import type { BusCore } from './connection.ts';
import { API_CODES, apiCode } from './errors.ts';
import { BUCKETS, type BucketName } from './topics.ts';
import type { Bucket, KeyValue } from './types.ts';

/** A watch reads the key this often, in case the server's change events do not come. */
const LOOK_EVERY_MS = 10_000;
const READS_AT_ONCE = 64;

/** Creates a key-value bucket. `kv` returns the current handle, because buckets may be created again. */
export function createBucket({ retry, manager }: BusCore, name: BucketName, kv: () => KV): Bucket {
  const bucket = BUCKETS[name];
  const write = (what: string, attempt: () => Promise<number>): Promise<bigint | undefined> =>
    retry(what, async () => {
      try {
        return BigInt(await attempt());
      } catch (error) {
        if (apiCode(error) === API_CODES.wrongLastSequence) return undefined;
        throw error;
      }
    });
  const get = (key: string): Promise<KeyValue | undefined> =>
    retry(`get '${key}'`, async () => {
      const entry = await kv().get(key);
      return entry?.operation === 'PUT' ? { key, value: entry.string(), revision: BigInt(entry.revision) } : undefined;
    });
  return {
    get,
    create: (key, value) => write(`create '${key}'`, () => kv().create(key, value)),
    update: (key, value, revision) => write(`update '${key}'`, () => kv().update(key, value, Number(revision))),
    put: (key, value) => retry(`put '${key}'`, async () => BigInt(await kv().put(key, value))),
    // The client's own purge leaves a marker for each key, which costs the server as much memory as a value.
    remove: (key) =>
      retry(`remove '${key}'`, async () => {
        await manager.streams.purge(`KV_${bucket}`, { filter: `$KV.${bucket}.${key}` });
      }),
    all: (filter = '>') =>
      retry(`list '${name}'`, async () => {
        const keys = await Array.fromAsync(await kv().keys(filter));
        const entries: KeyValue[] = [];
        await forEachBounded(keys, READS_AT_ONCE, async (key) => {
          const entry = await get(key);
          if (entry) entries.push(entry);
        });
        return entries;
      }),
    async *watch(key, signal) {
      let seen = 0n;
      while (!signal.aborted) {
        const entry = await get(key);
        if (entry && entry.revision > seen) {
          seen = entry.revision;
          yield entry;
        } else if (!entry && seen > 0n) return;
        else
          await retry(`watch '${key}'`, () => nextChange(kv(), key, seen, withTimeout(LOOK_EVERY_MS, signal)), signal);
      }
    },
  };
}

/** Resolves at the next change of a key or when the signal aborts. */
async function nextChange(kv: KV, key: string, seen: bigint, signal: AbortSignal): Promise<void> {
  const changes = await kv.watch({ key });
  const stop = (): void => changes.stop();
  signal.addEventListener('abort', stop);
  // The signal may have aborted while the watch was being opened.
  if (signal.aborted) stop();
  try {
    for await (const change of changes) {
      if (BigInt(change.revision) > seen) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    changes.stop();
  }
}
