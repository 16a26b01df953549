import { InvalidArgumentError } from 'commander';

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Largest number that an int32 field of a request holds. */
const MOST = 2 ** 31 - 1;

/** Reads a whole number from 1. */
export function parseCount(value: string): number {
  return parseWhole(value, 1);
}

/** Reads a whole number from 0. */
export function parseSeed(value: string): number {
  return parseWhole(value, 0);
}

function parseWhole(value: string, least: number): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isInteger(number) || number < least || number > MOST)
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${MOST}.`);
  return number;
}

/** Reads a port number. */
export function parsePort(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Expected 1 to 65535.');
  return port;
}

/** Reads a number; the service checks its bounds. */
export function parseNumber(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('Expected a number.');
  return number;
}

/** Creates a parser for an option that may be given several times, each time with one of the words. */
export function collectOf<Word extends string>(words: Word[]): (value: string, before?: Word[]) => Word[] {
  return (value, before = []) => {
    const word = words.find((known) => known === value);
    if (word === undefined) throw new InvalidArgumentError(`Allowed choices are ${words.join(', ')}.`);
    return [...before, word];
  };
}
