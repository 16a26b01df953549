import { freePortBase, SPAN } from '../../../cli/stack/ports.ts';

/** Suites that run at the same time begin their search at different ports. */
const FIRST_PORT = 20_000 + (process.pid % 60) * SPAN;

/** Finds a base from which the ports of a stack and of its replicas are free. */
export async function freeStackPorts(replicas = 0): Promise<number> {
  let base = await freePortBase(FIRST_PORT);
  for (let found = 0; found < replicas; ) {
    const next = await freePortBase(base + (found + 1) * SPAN);
    if (next === base + (found + 1) * SPAN) found += 1;
    else [base, found] = [next, 0];
  }
  return base;
}
