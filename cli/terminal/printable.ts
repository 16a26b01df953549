const NAMES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Makes a name or message of others fit for one line of a terminal: control characters are spelled out.
 * Keys may hold any character, also those that move the cursor or end a line.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => NAMES[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
