const MAX_CHARS = 500;

/** A text out of an untrusted file, short enough for a record; empty where it is none. */
export function cutText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_CHARS).toWellFormed() : '';
}
