/** Compares keys as S3 orders them: by their UTF-8 bytes, which differs from JavaScript's order beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Whether keys rise strictly, the first one above `before`. */
export function isSorted(keys: string[], before: string): boolean {
  return keys.every((key, index) => compareKeys(index === 0 ? before : keys[index - 1]!, key) < 0);
}
