import type { BucketName } from './topics.ts';

/** A message of a work queue. Its taker must either ack it or hand it back. */
export interface Delivery {
  subject: string;
  payload: string;
  /** Number of deliveries, including this one. */
  delivered: number;
  /** Removes the message from the queue; resolves once the server has confirmed. */
  ack(): Promise<void>;
  /** Returns the message for redelivery after the delay. If that fails, the server redelivers it after ack_wait. */
  handBack(delayMs: number): void;
  /** Asks for another ack_wait. */
  working(): void;
}

/** A message of a stream that we only read. */
export interface StreamMessage {
  sequence: bigint;
  subject: string;
  payload: string;
}

/** Reads a stream in order. */
export interface Reader {
  /** Returns up to `max` messages; waits at most `waitMs` for the first one. */
  next(max: number, waitMs: number, signal?: AbortSignal): Promise<StreamMessage[]>;
  close(): Promise<void>;
}

/** A value in a key-value bucket, with its revision. */
export interface KeyValue {
  key: string;
  value: string;
  revision: bigint;
}

/** A key-value bucket. A write that loses a race returns undefined. */
export interface Bucket {
  get(key: string): Promise<KeyValue | undefined>;
  create(key: string, value: string): Promise<bigint | undefined>;
  update(key: string, value: string, revision: bigint): Promise<bigint | undefined>;
  put(key: string, value: string): Promise<bigint>;
  remove(key: string): Promise<void>;
  /** Returns all entries, or those whose keys match `filter`, in which `*` matches any word. */
  all(filter?: string): Promise<KeyValue[]>;
  /** Yields the current value, if any, then each later one. It ends when the signal aborts or the value is removed. */
  watch(key: string, signal: AbortSignal): AsyncGenerator<KeyValue>;
}

/** NATS JetStream with deadlines and retries. No other code talks to NATS. */
export interface Bus {
  /** Publishes and waits until the stream has stored it. `refused` means that the subject already holds a message. */
  publish(subject: string, payload: string, id?: string): Promise<'stored' | 'duplicate' | 'refused'>;
  /** Takes up to `max` messages of a durable consumer; waits at most `waitMs` for the first one. */
  take(stream: string, consumer: string, max: number, waitMs: number): Promise<Delivery[]>;
  /** Counts the messages of a durable consumer: those not delivered yet, and those delivered but not acked. */
  depth(stream: string, consumer: string): Promise<{ pending: number; inFlight: number }>;
  /** Counts the messages that a stream holds for a subject. */
  count(stream: string, subject: string): Promise<number>;
  purge(stream: string, subject: string): Promise<void>;
  /** Creates a reader of a subject that begins after a sequence. */
  reader(stream: string, subject: string, afterSequence: bigint): Reader;
  bucket(name: BucketName): Bucket;
  /** Rejects if the connection closes for good without a call of `close`; no request works after that. */
  readonly broken: Promise<never>;
  /** Returns whether the server answers now. */
  ping(): Promise<boolean>;
  /** From now on, limits all repeats to a few seconds, so that a process ends in time even without NATS. */
  endSoon(): void;
  close(): Promise<void>;
}
