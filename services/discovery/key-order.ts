/** Compares keys by their UTF-8 bytes, as S3 does. JavaScript's own order differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Returns whether the keys are strictly ascending and the first one is above `before`. */
export function isSorted(keys: string[], before: string): boolean {
  return keys.every((key, index) => compareKeys(index === 0 ? before : keys[index - 1]!, key) < 0);
}
