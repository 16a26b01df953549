import { ConfigError } from '../process/config.ts';
import type { Operation } from './operation.ts';

/** Picks the operations that the settings name, all if they name none; throws a ConfigError for an unknown name. */
export function chooseOperations(all: readonly Operation[], names: readonly string[] | undefined): Operation[] {
  if (names === undefined) return [...all];
  const known = all.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  const expected = `expected one or more of ${known.join(', ')}`;
  if (names.length === 0) throw new ConfigError([`CYCLORAMA_OPERATIONS names no operation; ${expected}`]);
  if (unknown.length > 0)
    throw new ConfigError(unknown.map((name) => `CYCLORAMA_OPERATIONS: there is no operation '${name}'; ${expected}`));
  return all.filter(({ name }) => names.includes(name));
}
