import { formatCount } from './figures.ts';
import { printable } from './printable.ts';

/** An asset may lack hundreds of textures, each with a warning; the record has them all. */
const MOST_SHOWN = 5;

/** Lines for an asset's warnings: the first few, and how many more its record has. */
export function warningsShown(warnings: string[]): string[] {
  const lines = warnings.slice(0, MOST_SHOWN).map((text) => `warning: ${printable(text)}`);
  const more = warnings.length - MOST_SHOWN;
  return more > 0 ? [...lines, `and ${formatCount(more)} more warnings in its record`] : lines;
}
