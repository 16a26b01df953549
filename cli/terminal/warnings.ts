import { formatCount } from './figures.ts';
import { printable } from './printable.ts';

/** An asset may lack hundreds of textures, each with a warning; its record has all of them. */
const MOST_SHOWN = 5;

/** Writes the first warnings of an asset as lines, and how many more its record has. */
export function warningsShown(warnings: string[]): string[] {
  const lines = warnings.slice(0, MOST_SHOWN).map((text) => `warning: ${printable(text)}`);
  const more = warnings.length - MOST_SHOWN;
  return more > 0 ? [...lines, `and ${formatCount(more)} more warnings in its record`] : lines;
}
