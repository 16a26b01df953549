const NAMES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Spells out control characters, so that a name or message from elsewhere fits on one line of a terminal.
 * Keys may hold any character, even one that moves the cursor or ends a line.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => NAMES[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
