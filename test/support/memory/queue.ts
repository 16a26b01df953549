import { EventEmitter, once } from 'node:events';
import type { Bus, Delivery } from '../../../services/kernel/bus/types.ts';

/** Messages that are handed back are redelivered after at most this delay, so that tests need not wait. */
const MAX_DELAY_MS = 5;

/** A work queue in memory that remembers the answer to every delivery. */
export class MemoryQueue implements Pick<Bus, 'take'> {
  /** Answers in the order of their arrival. */
  readonly answers: { payload: string; answer: 'acked' | 'handed back'; delayMs: number }[] = [];
  /** Called before each pull; may throw. */
  onTake: (consumer: string) => void = () => {};
  /** Number of pulls that wait for a message now. */
  waitingPulls = 0;
  readonly #waiting = new Map<string, { payload: string; delivered: number }[]>();
  readonly #news = new EventEmitter().setMaxListeners(100);

  push(consumer: string, ...payloads: string[]): void {
    this.#put(consumer, ...payloads.map((payload) => ({ payload, delivered: 0 })));
  }

  async take(_stream: string, consumer: string, max: number, waitMs: number): Promise<Delivery[]> {
    this.onTake(consumer);
    const queue = (): { payload: string; delivered: number }[] => this.#waiting.get(consumer) ?? [];
    if (queue().length === 0 && waitMs > 0) {
      const signal = AbortSignal.timeout(waitMs);
      this.waitingPulls += 1;
      while (queue().length === 0 && !signal.aborted) {
        await once(this.#news, 'change', { signal }).catch((error: Error) => {
          if (!signal.aborted) throw error;
        });
      }
      this.waitingPulls -= 1;
    }
    return queue()
      .splice(0, max)
      .map((message) => this.#deliver(consumer, message));
  }

  /** Counts the answers of a kind. */
  count(answer: 'acked' | 'handed back'): number {
    return this.answers.filter((given) => given.answer === answer).length;
  }

  #deliver(consumer: string, { payload, delivered }: { payload: string; delivered: number }): Delivery {
    return {
      subject: consumer,
      payload,
      delivered: delivered + 1,
      ack: async () => {
        this.answers.push({ payload, answer: 'acked', delayMs: 0 });
      },
      handBack: async (delayMs) => {
        this.answers.push({ payload, answer: 'handed back', delayMs });
        setTimeout(() => this.#put(consumer, { payload, delivered: delivered + 1 }), Math.min(delayMs, MAX_DELAY_MS));
      },
      working: () => {},
    };
  }

  #put(consumer: string, ...messages: { payload: string; delivered: number }[]): void {
    this.#waiting.set(consumer, [...(this.#waiting.get(consumer) ?? []), ...messages]);
    this.#news.emit('change');
  }
}
