import { invalidRequest } from '../failure.ts';

/** A token of a filter. A word has no quotes; `at` is the position of its first character, from 1. */
export interface Token {
  kind: 'word' | 'text' | 'sign' | 'end';
  text: string;
  at: number;
}

const SPACE = /\s*/y;
const SIGN = /!=|<=|>=|[=<>:()]/y;
/** Matches text in single or double quotes; a backslash escapes the next character. */
const QUOTED = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y;
const WORD = /[\w./*+-]+/y;

/** Refuses a filter and says where it is wrong and what was expected there. */
export function refuseFilter(field: string, { kind, text, at }: Token, expected: string): Error {
  const found = kind === 'end' ? 'the end' : `'${text.slice(0, 50)}'`;
  return invalidRequest({ field, description: `at character ${at}: found ${found}; expected ${expected}` });
}

/** Splits a filter into tokens; the last one marks the end. Texts keep their quotes. */
export function readTokens(filter: string, field: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(filter)?.[0];
    position += found?.length ?? 0;
    return found;
  };
  for (take(SPACE); position < filter.length; take(SPACE)) {
    const at = position + 1;
    const sign = take(SIGN);
    const text = sign === undefined ? take(QUOTED) : undefined;
    const found = sign ?? text ?? take(WORD);
    if (found === undefined) {
      const wrong: Token = { kind: 'word', text: filter.slice(position, position + 10), at };
      throw refuseFilter(
        field,
        wrong,
        'a field, a value, an operator or a parenthesis (texts with other characters in quotes)',
      );
    }
    tokens.push({ kind: sign ? 'sign' : text ? 'text' : 'word', text: found, at });
  }
  tokens.push({ kind: 'end', text: '', at: filter.length + 1 });
  return tokens;
}
