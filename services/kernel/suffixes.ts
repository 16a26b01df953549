import type { FieldViolation } from './failure.ts';
import { INTERNAL_FOLDER } from './uri.ts';

const DEFAULT_SUFFIXES = ['.glb'];
const MAX_SUFFIXES = 20;

/**
 * Brings suffixes into the form that isAsset needs: lower case, each once, sorted; `.glb` if none is given.
 * A suffix is any ending, with or without a dot: `glb` also matches `tableglb`.
 */
export function toSuffixes(suffixes: string[]): string[] {
  const given = suffixes.length === 0 ? DEFAULT_SUFFIXES : suffixes;
  return [...new Set(given.map((suffix) => suffix.toLowerCase()))].sort();
}

/** Checks the suffixes of a request; `field` is their name in the violations. */
export function checkSuffixes(suffixes: string[], field = 'suffixes'): FieldViolation[] {
  const violations = suffixes.flatMap((suffix, index) =>
    suffix === '' ? [{ field: `${field}[${index}]`, description: 'is empty; expected an ending such as .glb' }] : [],
  );
  if (suffixes.length > MAX_SUFFIXES) {
    violations.push({ field, description: `has ${suffixes.length}; expected at most ${MAX_SUFFIXES}` });
  }
  return violations;
}

/**
 * Returns whether a key ends with one of the suffixes in any case, and is neither a folder marker nor in our folder.
 */
export function isAsset(key: string, suffixes: string[]): boolean {
  if (key.endsWith('/') || key.startsWith(INTERNAL_FOLDER) || key.includes(`/${INTERNAL_FOLDER}`)) return false;
  const lower = key.toLowerCase();
  return suffixes.some((suffix) => lower.endsWith(suffix));
}
