/**
 * Decodes a key of a listing. We ask for URL-encoded keys, since XML cannot carry every character that a key may have.
 * A store that encodes them says so in its answer; the others send them unencoded.
 */
export function fromListedKey(key: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}
