import type { BucketName } from './topics.ts';

/** A message of a work queue: exactly one of its answers must be given. */
export interface Delivery {
  subject: string;
  payload: string;
  /** How often it was delivered, this time included. */
  delivered: number;
  /** Confirms for good; resolves when the server knows. */
  ack(): Promise<void>;
  /** Hands it back, to be delivered again after the delay. Where that fails it comes again after ack_wait. */
  handBack(delayMs: number): void;
  /** Asks for another ack_wait. */
  working(): void;
}

/** A message of a stream that is only read. */
export interface StreamMessage {
  sequence: bigint;
  subject: string;
  payload: string;
}

/** Reads a stream in order from some sequence on. */
export interface Reader {
  /** Up to `max` messages; waits at most `waitMs` for the first. */
  next(max: number, waitMs: number, signal?: AbortSignal): Promise<StreamMessage[]>;
  close(): Promise<void>;
}

/** A value in a key-value bucket with its revision. */
export interface KeyValue {
  key: string;
  value: string;
  revision: bigint;
}

/** A key-value bucket. Writes that lose a race return undefined. */
export interface Bucket {
  get(key: string): Promise<KeyValue | undefined>;
  create(key: string, value: string): Promise<bigint | undefined>;
  update(key: string, value: string, revision: bigint): Promise<bigint | undefined>;
  put(key: string, value: string): Promise<bigint>;
  remove(key: string): Promise<void>;
  /** All entries, or those whose keys fit `filter`, in which `*` stands for any word. */
  all(filter?: string): Promise<KeyValue[]>;
  /** The value now, if there is one, then each later one; ends with the signal, or when a value that was there is gone. */
  watch(key: string, signal: AbortSignal): AsyncGenerator<KeyValue>;
}

/** NATS JetStream with deadlines and retries; the only door to it. */
export interface Bus {
  /** Publishes and waits until the stream has it. `refused`: the subject holds a message already. */
  publish(subject: string, payload: string, id?: string): Promise<'stored' | 'duplicate' | 'refused'>;
  /** Takes up to `max` messages of a durable consumer; waits at most `waitMs` for the first one. */
  take(stream: string, consumer: string, max: number, waitMs: number): Promise<Delivery[]>;
  /** Messages of a durable consumer: not delivered yet, and delivered but not acked. */
  depth(stream: string, consumer: string): Promise<{ pending: number; inFlight: number }>;
  /** Messages that a stream holds for a subject. */
  count(stream: string, subject: string): Promise<number>;
  purge(stream: string, subject: string): Promise<void>;
  /** Reads messages of a subject after a sequence. */
  reader(stream: string, subject: string, afterSequence: bigint): Reader;
  bucket(name: BucketName): Bucket;
  /** Rejects when the connection has closed for good, unasked: then nothing works any more. */
  readonly broken: Promise<never>;
  /** Whether the server answers just now. */
  ping(): Promise<boolean>;
  /** From now on nothing is repeated for more than a few seconds: for a process that must end in time, be NATS there or not. */
  endSoon(): void;
  close(): Promise<void>;
}
