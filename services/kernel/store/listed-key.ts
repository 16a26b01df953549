/**
 * Reads a key as a listing wrote it. We ask for URL-encoded keys, since XML cannot carry every character that a key may
 * have; a store that can encode them says so in its answer, the others send them as they are.
 */
export function fromListedKey(key: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}
