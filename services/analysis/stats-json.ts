import type { AnalysisReport } from '../../gen/cyclorama/analysis/v1/analysis.ts';

/** Makes the fields of the report file beyond the exercise, named as in asset.v1.AssetStats and FileHeader. */
export function printStats({ stats, header, boundsMin, boundsMax }: AnalysisReport): { [field: string]: unknown } {
  return {
    ...(boundsMin && boundsMax ? { bounds: { min: boundsMin, max: boundsMax } } : {}),
    ...(stats ? (toPlain(stats) as object) : {}),
    ...(header ? { header: toPlain(withoutEmpty(header)) } : {}),
  };
}

/** Leaves empty texts out: a file that names no author has none, rather than one without a name. */
function withoutEmpty(message: object): object {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== '' && value !== 0));
}

/** Writes a message as JSON with the proto's names and plain numbers, including zeros. */
function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [toSnakeCase(name), toPlain(field)]));
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
