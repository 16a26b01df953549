const MAX_CHARS = 500;

/** Cuts a text of an untrusted file to the length for a record; returns an empty text for other values. */
export function cutText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_CHARS).toWellFormed() : '';
}
