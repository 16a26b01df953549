/** Returns whether a word has the form of a job id. */
export function isJobId(word: string): boolean {
  return /^[0-9a-f]{32}$/.test(word);
}
