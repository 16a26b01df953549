import type { FieldViolation } from './failure.ts';

/** Refuses a number that is none of an enum's; unspecified is the default. */
export function oneOf(field: string, value: number, names: Record<string, number>): FieldViolation[] {
  if (Object.values(names).includes(value)) return [];
  return [{ field, description: `is ${value}; expected one of ${Object.keys(names).join(', ')}` }];
}

/** Like oneOf, for lists, where unspecified is not the default but a mistake. */
export function eachNamed(field: string, values: number[], names: Record<string, number>): FieldViolation[] {
  const { [Object.keys(names)[0]!]: _unspecified, ...known } = names;
  return values.flatMap((value, index) => oneOf(`${field}[${index}]`, value, known));
}
