/** A fixed amount, such as bytes, that concurrent work shares. */
export interface Budget {
  /**
   * Runs `work` once `amount` is free, first come first served; throws the signal's reason if it aborts before that.
   */
  within<T>(amount: number, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

interface Waiter {
  amount: number;
  enter: () => void;
}

/** Creates a budget of `whole`. Work that wants more than `whole` gets all of it, once nothing else runs. */
export function createBudget(whole: number): Budget {
  let left = whole;
  const waiters: Waiter[] = [];
  // Admits only the first waiter: small amounts that arrive later must not keep out a large one for ever.
  const admit = (): void => {
    while (waiters[0] && waiters[0].amount <= left) {
      left -= waiters[0].amount;
      waiters.shift()?.enter();
    }
  };
  const enter = (amount: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const waiter: Waiter = {
        amount,
        enter: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = (): void => {
        waiters.splice(waiters.indexOf(waiter), 1);
        reject(signal.reason);
        admit();
      };
      signal.addEventListener('abort', leave, { once: true });
      waiters.push(waiter);
      admit();
    });
  return {
    async within(wanted, signal, work) {
      const amount = Math.min(wanted, whole);
      await enter(amount, signal);
      try {
        return await work();
      } finally {
        left += amount;
        admit();
      }
    },
  };
}
