import { EventEmitter, once } from 'node:events';
import type { BucketName } from '../../../services/kernel/bus/topics.ts';
import type { Bucket, Bus, Reader, StreamMessage } from '../../../services/kernel/bus/types.ts';
import { MemoryBucket } from './bucket.ts';

/** A bus in memory that keeps all messages and accepts one result per subject. Its queues are empty. */
export class MemoryBus implements Bus {
  readonly broken = new Promise<never>(() => {});
  readonly #messages: (StreamMessage & { stream: string })[] = [];
  readonly #ids = new Set<string>();
  readonly #buckets = new Map<BucketName, Bucket>();
  readonly #news = new EventEmitter().setMaxListeners(100);
  #sequence = 0n;

  async publish(subject: string, payload: string, id?: string): Promise<'stored' | 'duplicate' | 'refused'> {
    if (id !== undefined && this.#ids.has(id)) return 'duplicate';
    const stream = subject.split('.')[0]!.toUpperCase();
    if (stream === 'RESULTS' && this.payloads(subject).length > 0) return 'refused';
    if (id !== undefined) this.#ids.add(id);
    this.#sequence += 1n;
    this.#messages.push({ stream, subject, payload, sequence: this.#sequence });
    this.#news.emit('change');
    return 'stored';
  }

  /** Returns the payloads of a subject, in which `*` matches any word. */
  payloads(subject: string): string[] {
    return this.#find(subject).map(({ payload }) => payload);
  }

  async count(_stream: string, subject: string): Promise<number> {
    return this.#find(subject).length;
  }

  async purge(_stream: string, subject: string): Promise<void> {
    for (const message of this.#find(subject)) this.#messages.splice(this.#messages.indexOf(message), 1);
  }

  reader(_stream: string, subject: string, afterSequence: bigint): Reader {
    let last = afterSequence;
    const fresh = (): StreamMessage[] => this.#find(subject).filter(({ sequence }) => sequence > last);
    return {
      next: async (max, waitMs, signal) => {
        const limit = AbortSignal.any([AbortSignal.timeout(waitMs), ...(signal ? [signal] : [])]);
        while (fresh().length === 0 && !limit.aborted) {
          await once(this.#news, 'change', { signal: limit }).catch((error: Error) => {
            if (!limit.aborted) throw error;
          });
        }
        const messages = fresh().slice(0, max);
        last = messages.at(-1)?.sequence ?? last;
        return messages;
      },
      close: async () => {},
    };
  }

  bucket(name: BucketName): Bucket {
    const bucket = this.#buckets.get(name) ?? new MemoryBucket();
    this.#buckets.set(name, bucket);
    return bucket;
  }

  /** Returns no message, unless a test sets the method of a queue. */
  take: Bus['take'] = async () => [];

  async depth(): Promise<{ pending: number; inFlight: number }> {
    return { pending: 0, inFlight: 0 };
  }

  async ping(): Promise<boolean> {
    return true;
  }

  endSoon(): void {}

  async close(): Promise<void> {}

  #find(subject: string): (StreamMessage & { stream: string })[] {
    const words = subject.split('.');
    return this.#messages.filter((message) => {
      const own = message.subject.split('.');
      return own.length === words.length && words.every((word, at) => word === '*' || word === own[at]);
    });
  }
}
