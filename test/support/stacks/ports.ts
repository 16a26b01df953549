import { freePortBase, SPAN } from '../../../cli/stack/ports.ts';

/** Suites that run side by side begin their search apart. */
const FIRST_PORT = 20_000 + (process.pid % 60) * SPAN;

/** A base from which the ports of a stack are free, and those of as many replicas behind it as asked. */
export async function freeStackPorts(replicas = 0): Promise<number> {
  let base = await freePortBase(FIRST_PORT);
  for (let found = 0; found < replicas; ) {
    const next = await freePortBase(base + (found + 1) * SPAN);
    if (next === base + (found + 1) * SPAN) found += 1;
    else [base, found] = [next, 0];
  }
  return base;
}
