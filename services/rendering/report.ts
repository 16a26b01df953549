import type { Derivation, Rendering } from '../../gen/cyclorama/blender/v1/blender.ts';
import { RenderReport } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';

/** Makes the report of a rendering. */
export function toReport(
  file: string,
  { width, height, samples }: RenderSpec,
  { views, device }: Rendering,
  { checks }: Derivation,
  warnings: string[],
): RenderReport {
  const coverages = checks.map(({ coverage }) => coverage);
  return {
    file,
    width,
    height,
    views: views.length,
    samples,
    device,
    leastCoverage: coverages.length === 0 ? 0 : Math.min(...coverages),
    greatestCoverage: Math.max(0, ...coverages),
    warnings,
  };
}

/** Returns the figures of a recorded report for the index of a dataset. */
export function toStats(report: { [field: string]: unknown }): { [field: string]: unknown } {
  // An asset that failed before it was rendered has no figures.
  if (Object.keys(report).length === 0) return {};
  const { width, height, views, samples, leastCoverage, greatestCoverage } = RenderReport.fromJSON(report);
  return { views, width, height, samples, least_coverage: leastCoverage, greatest_coverage: greatestCoverage };
}
