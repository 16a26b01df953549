/** What a call throws, to be looked at in parts; fails where it throws nothing. */
export function thrownBy(act: () => unknown): unknown {
  let answer: unknown;
  try {
    answer = act();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown; the answer is ${JSON.stringify(answer)}`);
}
