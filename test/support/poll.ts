import { pause } from '../../services/kernel/signal.ts';

/** Waits until `check` returns true; fails after `ms` with `what` in its message. */
export async function until(what: string, check: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(10);
  }
}
