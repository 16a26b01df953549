/** Returns the error that a call throws; fails if it throws none. */
export function thrownBy(act: () => unknown): unknown {
  let answer: unknown;
  try {
    answer = act();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown; the answer is ${JSON.stringify(answer)}`);
}
