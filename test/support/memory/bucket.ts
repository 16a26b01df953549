import { EventEmitter, once } from 'node:events';
import type { Bucket, KeyValue } from '../../../services/kernel/bus/types.ts';

/** A key-value bucket in memory that answers a lost race like the one on NATS. */
export class MemoryBucket implements Bucket {
  readonly #values = new Map<string, KeyValue>();
  readonly #news = new EventEmitter();
  #revision = 0n;

  async get(key: string): Promise<KeyValue | undefined> {
    return this.#values.get(key);
  }

  async create(key: string, value: string): Promise<bigint | undefined> {
    return this.#values.has(key) ? undefined : this.#set(key, value);
  }

  async update(key: string, value: string, revision: bigint): Promise<bigint | undefined> {
    return this.#values.get(key)?.revision === revision ? this.#set(key, value) : undefined;
  }

  async put(key: string, value: string): Promise<bigint> {
    return this.#set(key, value);
  }

  async remove(key: string): Promise<void> {
    this.#values.delete(key);
    this.#news.emit('change');
  }

  async all(filter = '>'): Promise<KeyValue[]> {
    const words = filter.split('.');
    return [...this.#values.values()].filter(({ key }) => {
      const own = key.split('.');
      return (
        filter === '>' || (own.length === words.length && words.every((word, n) => word === '*' || word === own[n]))
      );
    });
  }

  async *watch(key: string, signal: AbortSignal): AsyncGenerator<KeyValue> {
    let seen = 0n;
    while (!signal.aborted) {
      const found = this.#values.get(key);
      if (found && found.revision > seen) {
        seen = found.revision;
        yield found;
      } else if (!found && seen > 0n) return;
      else
        await once(this.#news, 'change', { signal }).catch((error: Error) => {
          if (!signal.aborted) throw error;
        });
    }
  }

  #set(key: string, value: string): bigint {
    this.#revision += 1n;
    this.#values.set(key, { key, value, revision: this.#revision });
    this.#news.emit('change');
    return this.#revision;
  }
}
