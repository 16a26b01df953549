import { invalidRequest } from '../failure.ts';
import { readTokens, refuseFilter, type Token } from './filter-tokens.ts';

const MAX_LENGTH = 10_000;
const MAX_DEPTH = 50;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const PATH = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/;
const KEYWORDS = new Set(['AND', 'OR', 'NOT']);

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | ':';

const OPERATORS = new Set<string>(['=', '!=', '<', '<=', '>', '>=', ':'] satisfies Operator[]);

/** The value that a field is compared with. */
export type FilterValue =
  | { kind: 'number'; number: number }
  | { kind: 'boolean'; boolean: boolean }
  /** Text with a star before or after it, as in `*.glb` and `chairs/*`: more may stand there. */
  | { kind: 'text'; text: string; openStart: boolean; openEnd: boolean }
  /** `*` stands for any value that is not absent. */
  | { kind: 'present' };

/** A filter as a tree. */
export type Filter =
  | { kind: 'and' | 'or'; terms: Filter[] }
  | { kind: 'not'; term: Filter }
  | { kind: 'test'; path: string[]; operator: Operator; value: FilterValue };

/**
 * Reads a filter: a subset of AIP-160. Comparisons `= != < <= > >=`, `:` (has), AND, OR, NOT, parentheses, paths with
 * dots. AND and OR side by side need parentheses: AIP-160 binds OR closer, SQL binds AND closer. `field` names the
 * request's field in refusals.
 */
export function parseFilter(filter: string, field: string): Filter {
  if (filter.length > MAX_LENGTH)
    throw invalidRequest({ field, description: `has ${filter.length} characters; expected at most ${MAX_LENGTH}` });
  const tokens = readTokens(filter, field);
  let next = 0;
  const peek = (): Token => tokens[next]!;
  const isKeyword = (word: string): boolean => peek().kind === 'word' && peek().text === word;
  const isSign = (sign: string): boolean => peek().kind === 'sign' && peek().text === sign;

  function expression(depth: number): Filter {
    if (depth > MAX_DEPTH) throw refuseFilter(field, peek(), `at most ${MAX_DEPTH} parentheses in one another`);
    const terms = [operand(depth)];
    const joint = isKeyword('OR') ? 'OR' : 'AND';
    for (; isKeyword(joint); terms.push(operand(depth))) next++;
    if (isKeyword('AND') || isKeyword('OR'))
      throw refuseFilter(field, peek(), 'parentheses where AND and OR stand side by side');
    return terms.length === 1 ? terms[0]! : { kind: joint === 'OR' ? 'or' : 'and', terms };
  }

  function operand(depth: number): Filter {
    if (isKeyword('NOT')) {
      next++;
      return { kind: 'not', term: operand(depth + 1) };
    }
    if (!isSign('(')) return test();
    next++;
    const inner = expression(depth + 1);
    if (!isSign(')')) throw refuseFilter(field, peek(), 'AND, OR or a closing parenthesis');
    next++;
    return inner;
  }

  function test(): Filter {
    const name = peek();
    if (name.kind !== 'word' || !PATH.test(name.text) || KEYWORDS.has(name.text))
      throw refuseFilter(field, name, 'a field such as stats.faces, NOT or an opening parenthesis');
    next++;
    const sign = peek();
    if (sign.kind !== 'sign' || !OPERATORS.has(sign.text)) throw refuseFilter(field, sign, 'one of = != < <= > >= :');
    next++;
    const operator = sign.text as Operator;
    const value = toValue(field, peek(), operator);
    next++;
    return { kind: 'test', path: name.text.split('.'), operator, value };
  }

  const whole = expression(0);
  if (peek().kind !== 'end') throw refuseFilter(field, peek(), 'AND, OR or the end');
  return whole;
}

function toValue(field: string, token: Token, operator: Operator): FilterValue {
  const isWord = token.kind === 'word' && !KEYWORDS.has(token.text);
  if (!isWord && token.kind !== 'text')
    throw refuseFilter(field, token, 'a number, a word, true, false or text in quotes');
  if (isWord && NUMBER.test(token.text)) return { kind: 'number', number: Number(token.text) };
  if (isWord && (token.text === 'true' || token.text === 'false')) {
    if (operator.startsWith('<') || operator.startsWith('>'))
      throw refuseFilter(field, token, `a number or text after ${operator}`);
    return { kind: 'boolean', boolean: token.text === 'true' };
  }
  if (isWord && token.text === '*') {
    if (operator !== ':') throw refuseFilter(field, token, `a value after ${operator}; only : takes *`);
    return { kind: 'present' };
  }
  const value = toText(isWord ? token.text : token.text.slice(1, -1));
  if ((value.openStart || value.openEnd) && (operator.startsWith('<') || operator.startsWith('>')))
    throw refuseFilter(field, token, `text without * after ${operator}`);
  return value;
}

/** Removes escapes and the stars at both ends. */
function toText(raw: string): FilterValue & { kind: 'text' } {
  const openStart = raw.startsWith('*');
  const rest = openStart ? raw.slice(1) : raw;
  const openEnd = /(?:^|[^\\])(?:\\\\)*\*$/.test(rest);
  const text = (openEnd ? rest.slice(0, -1) : rest).replace(/\\([\s\S])/g, '$1');
  return { kind: 'text', text, openStart, openEnd };
}
