import type { FieldViolation } from './failure.ts';

/** Checks that a number belongs to an enum. Unspecified is allowed, because it means the default. */
export function oneOf(field: string, value: number, names: Record<string, number>): FieldViolation[] {
  if (Object.values(names).includes(value)) return [];
  return [{ field, description: `is ${value}; expected one of ${Object.keys(names).join(', ')}` }];
}

/** Checks a list as oneOf checks a number, but refuses unspecified, which has no meaning in a list. */
export function eachNamed(field: string, values: number[], names: Record<string, number>): FieldViolation[] {
  const { [Object.keys(names)[0]!]: _unspecified, ...known } = names;
  return values.flatMap((value, index) => oneOf(`${field}[${index}]`, value, known));
}
