/** Room for so much at a time. */
export interface Room {
  /** Runs `work` once there is room for `amount`, first come first served; throws the signal's reason where it aborts before. */
  within<T>(amount: number, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

interface Waiter {
  amount: number;
  enter: () => void;
}

/** Makes room that is never given twice. Who wants more than the whole waits until nobody else is in it. */
export function createRoom(whole: number): Room {
  let left = whole;
  const waiters: Waiter[] = [];
  // Only ever the first: else those that want little would keep out the one that wants much for good.
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
