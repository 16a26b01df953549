import type { Filter, FilterValue, Operator } from './filter.ts';

/** A row of an index as JSON. */
export type Row = { [field: string]: unknown };

/** Returns whether a row passes a filter. A missing or null field passes no test, not even `!=`; NOT inverts that. */
export function matchesFilter(filter: Filter, row: Row): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.terms.every((term) => matchesFilter(term, row));
    case 'or':
      return filter.terms.some((term) => matchesFilter(term, row));
    case 'not':
      return !matchesFilter(filter.term, row);
    case 'test':
      return matchesTest(filter, valuesAt(row, filter.path));
  }
}

/** Filters rows, and notices comparisons that no row can pass: they are most likely typing errors. */
export interface RowFilter {
  matches(row: Row): boolean;
  /**
   * Names the fields that the filter compares and no row so far has, or has with values of another kind. A missing
   * field counts only once a succeeded asset was among the rows.
   */
  lacking(): string[];
}

/** Makes a row filter. Fields that only `:` tests may be in no row, since that is the question of `:`. */
export function createRowFilter(filter: Filter): RowFilter {
  let open = comparisonsOf(filter);
  let sawWholeRow = false;
  return {
    matches(row) {
      sawWholeRow ||= row.outcome === 'succeeded';
      if (open.length > 0) open = open.filter((comparison) => !meets(comparison, row));
      return matchesFilter(filter, row);
    },
    lacking: () =>
      open.flatMap(({ test: { path, value }, met }) => {
        const name = `'${path.join('.')}'`;
        if (met === 'other') return [`${KINDS[value.kind]} in ${name}, to compare with ${wordOf(value)}`];
        return met === 'nothing' && sawWholeRow ? [`the field ${name} that the filter compares`] : [];
      }),
  };
}

type Test = Filter & { kind: 'test' };

/** A comparison that has met no value of its kind so far, and what it met instead. */
interface Comparison {
  test: Test;
  met: 'nothing' | 'field' | 'other';
}

const KINDS = { number: 'a number', boolean: 'true or false', text: 'text', present: 'anything' };

function wordOf(value: FilterValue): string {
  if (value.kind === 'text') return `'${value.openStart ? '*' : ''}${value.text}${value.openEnd ? '*' : ''}'`;
  return value.kind === 'number' ? String(value.number) : String(value.kind === 'boolean' && value.boolean);
}

function comparisonsOf(filter: Filter): Comparison[] {
  if (filter.kind === 'test') return filter.operator === ':' ? [] : [{ test: filter, met: 'nothing' }];
  return filter.kind === 'not' ? comparisonsOf(filter.term) : filter.terms.flatMap(comparisonsOf);
}

/** Returns whether a row has a value of the compared kind; if not, it notes what the row has. */
function meets(comparison: Comparison, row: Row): boolean {
  const { path, value } = comparison.test;
  const found = valuesAt(row, path).flat();
  const kind = value.kind === 'text' ? 'string' : value.kind;
  if (found.some((one) => typeof one === kind)) return true;
  if (found.length > 0) comparison.met = 'other';
  else if (comparison.met === 'nothing' && hasPath(row, path)) comparison.met = 'field';
  return false;
}

function hasPath(value: unknown, [name, ...rest]: string[]): boolean {
  if (name === undefined) return true;
  if (Array.isArray(value)) return value.some((element) => hasPath(element, [name, ...rest]));
  return isObject(value) && Object.hasOwn(value, name) && hasPath(value[name], rest);
}

/** Returns every value at the end of a path; a path through a list leads to each element. */
function valuesAt(row: unknown, path: string[], from = 0): unknown[] {
  let value = row;
  for (let i = from; i < path.length; i++) {
    if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, path, i));
    if (!isObject(value) || !Object.hasOwn(value, path[i]!)) return [];
    value = value[path[i]!];
  }
  return value === null || value === undefined ? [] : [value];
}

function matchesTest({ operator, value }: Test, found: unknown[]): boolean {
  if (operator === ':') return found.some((one) => has(one, value));
  const elements = found.some(Array.isArray) ? found.flat() : found;
  if (operator === '!=') return elements.length > 0 && !elements.some((one) => equals(one, value));
  if (operator === '=') return elements.some((one) => equals(one, value));
  return elements.some((one) => isOrdered(one, operator, value));
}

/** Tests `:`. It asks a list for an element, an object for a field and a text for a part; `:*` asks for any value. */
function has(one: unknown, value: FilterValue): boolean {
  if (value.kind === 'present') return isPresent(one);
  if (Array.isArray(one)) return one.some((element) => equals(element, value));
  if (isObject(one)) return Object.keys(one).some((name) => equals(name, value));
  if (typeof one === 'string' && value.kind === 'text' && !value.openStart && !value.openEnd)
    return one.includes(value.text);
  return equals(one, value);
}

/** Returns whether a value counts as absent. As in protobuf, 0, false, empty text and an empty list do. */
function isPresent(one: unknown): boolean {
  if (Array.isArray(one)) return one.length > 0;
  if (isObject(one)) return Object.keys(one).length > 0;
  return one !== '' && one !== 0 && one !== false;
}

function equals(one: unknown, value: FilterValue): boolean {
  switch (value.kind) {
    case 'number':
      return one === value.number;
    case 'boolean':
      return one === value.boolean;
    case 'present':
      return isPresent(one);
    case 'text':
      if (typeof one !== 'string') return false;
      if (value.openStart && value.openEnd) return one.includes(value.text);
      if (value.openStart) return one.endsWith(value.text);
      return value.openEnd ? one.startsWith(value.text) : one === value.text;
  }
}

function isOrdered(one: unknown, operator: Operator, value: FilterValue): boolean {
  if (value.kind === 'number' && typeof one === 'number') return compare(one, operator, value.number);
  return value.kind === 'text' && typeof one === 'string' && compare(one, operator, value.text);
}

function compare<T extends number | string>(one: T, operator: Operator, other: T): boolean {
  if (operator === '<') return one < other;
  if (operator === '<=') return one <= other;
  return operator === '>' ? one > other : one >= other;
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
