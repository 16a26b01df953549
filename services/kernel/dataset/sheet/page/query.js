// This module parses the filter box and the order. It does not use the DOM.

const COMPARISON = /^([a-z][a-z -]*?)(<=|>=|<|>|=|:)(.*)$/i;
const NUMBER = /^(\d+(?:\.\d+)?|\.\d+)\s*(%|k|m|g|kb|mb|gb|s|ms|min)?$/i;
const FACTORS = { '%': 0.01, k: 1e3, m: 1e6, g: 1e9, kb: 1e3, mb: 1e6, gb: 1e9, s: 1, ms: 1e-3, min: 60 };
const COMPARE = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
};

/**
 * Parses a filter of words that the name or the reason must contain, `reason:word`, `outcome:failed`, `warnings`, and
 * comparisons such as `coverage<10%`. A minus negates a word; quotes keep spaces. `test(table, i)` tests row `i`.
 */
export function parseQuery(text, figures) {
  const problems = [];
  const tests = [];
  for (const [, minus, quoted, bare] of text.matchAll(/(-?)(?:"([^"]*)"?|(\S+))/g)) {
    const made = quoted === undefined ? toTest(bare, figures, problems) : contains(quoted);
    if (made) tests.push(minus === '' ? made : (table, i) => !made(table, i));
  }
  return { problems, test: (table, i) => tests.every((passes) => passes(table, i)) };
}

function toTest(word, figures, problems) {
  const [, field, operator, value] = COMPARISON.exec(word) ?? [];
  if (field === undefined) return contains(word);
  const name = field.toLowerCase();
  if (operator === ':') return toWordTest(name, value.toLowerCase()) ?? contains(word);
  const column = figures.findIndex(({ title }) => slug(title) === name);
  const number = toNumber(value);
  if (column < 0)
    problems.push(`no figure '${field}'; there are ${figures.map(({ title }) => slug(title)).join(', ')}`);
  // A missing number is no mistake, because the user may still be typing.
  else if (number === undefined && value !== '') problems.push(`'${value}' is no number`);
  if (column < 0 || number === undefined) return undefined;
  return ({ figures: columns }, i) => {
    const figure = columns[column][i];
    return figure !== null && COMPARE[operator](figure, number);
  };
}

function toWordTest(name, value) {
  if (name === 'reason') return ({ reasons }, i) => reasons[i].includes(value);
  if (name === 'outcome') return ({ outcomes }, i) => outcomes[i].startsWith(value);
  if (name === 'name') return ({ names }, i) => names[i].toLowerCase().includes(value);
  if (name === 'is' && value.startsWith('warn')) return ({ warned }, i) => warned[i];
  return undefined;
}

function contains(word) {
  const wanted = word.toLowerCase();
  return ({ names, reasons }, i) => names[i].toLowerCase().includes(wanted) || reasons[i].includes(wanted);
}

function toNumber(text) {
  const match = NUMBER.exec(text.trim());
  return match === null ? undefined : Number(match[1]) * (FACTORS[match[2]?.toLowerCase()] ?? 1);
}

/** Returns the name of a figure in filters. */
export function slug(title) {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

/** Returns the numbers of the rows that pass, ordered by name or by a figure; rows without the figure come last. */
export function selectRows(table, count, test, { by, descending }) {
  const found = [];
  for (let i = 0; i < count; i++) if (test(table, i)) found.push(i);
  if (by < 0) return descending ? found.reverse() : found;
  const column = table.figures[by];
  return found.sort((a, b) => {
    const [left, right] = [column[a], column[b]];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || a - b;
    return (descending ? right - left : left - right) || a - b;
  });
}
