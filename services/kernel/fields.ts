import { CycloramaError, type FieldViolation } from './failure.ts';

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

/** Runs a check that throws, and returns the violations of the field that it refuses; none where it refuses nothing. */
export function violationsOf(check: () => unknown): FieldViolation[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof CycloramaError && error.detail.violations) return error.detail.violations;
    throw error;
  }
}

/** Refuses a number outside its bounds. An absent number passes, and so does 0 where `zero` says what it means. */
export function within(
  field: string,
  value: number | undefined,
  least: number,
  most: number,
  zero?: string,
  unit?: string,
): FieldViolation[] {
  if (value === undefined || (zero !== undefined && value === 0)) return [];
  if (value >= least && value <= most) return [];
  const or = zero === undefined ? '' : ` or 0 (${zero})`;
  return [{ field, description: `is ${value}; expected ${least} to ${most}${unit ? ` ${unit}` : ''}${or}` }];
}
