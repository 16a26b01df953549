import type { FieldViolation } from './failure.ts';
import { INTERNAL_FOLDER } from './uri.ts';

const DEFAULT_SUFFIXES = ['.glb'];
const MAX_SUFFIXES = 20;

/**
 * Brings suffixes to the form that isAsset takes: lower case, each once, sorted; `.glb` where none is given.
 * A suffix is any ending, with or without a dot: `glb` also takes `tableglb`.
 */
export function toSuffixes(suffixes: string[]): string[] {
  const given = suffixes.length === 0 ? DEFAULT_SUFFIXES : suffixes;
  return [...new Set(given.map((suffix) => suffix.toLowerCase()))].sort();
}

/** Says what is wrong with the suffixes of a request; `field` names them. */
export function checkSuffixes(suffixes: string[], field = 'suffixes'): FieldViolation[] {
  const violations = suffixes.flatMap((suffix, index) =>
    suffix === '' ? [{ field: `${field}[${index}]`, description: 'is empty; expected an ending such as .glb' }] : [],
  );
  if (suffixes.length > MAX_SUFFIXES) {
    violations.push({ field, description: `has ${suffixes.length}; expected at most ${MAX_SUFFIXES}` });
  }
  return violations;
}

/** Whether a key is an asset: has one of the suffixes in any case, is no folder marker and not below a folder of ours. */
export function isAsset(key: string, suffixes: string[]): boolean {
  if (key.endsWith('/') || key.startsWith(INTERNAL_FOLDER) || key.includes(`/${INTERNAL_FOLDER}`)) return false;
  const lower = key.toLowerCase();
  return suffixes.some((suffix) => lower.endsWith(suffix));
}
