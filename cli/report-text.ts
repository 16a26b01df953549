import type { AnalysisReport } from '../gen/cyclorama/analysis/v1/analysis.ts';
import { formatCount } from './figures.ts';
import { printable } from './printable.ts';
import { tableLines } from './tables.ts';

/** An analysis report for people. */
export function reportLines(uri: string, report: AnalysisReport, reportUri: string): string[] {
  const { vertices, faces, triangles, quads, ngons, dimensions, materialNames } = report;
  const kinds = [
    `${formatCount(triangles)} triangles`,
    `${formatCount(quads)} quads`,
    `${formatCount(ngons)} n-gons`,
  ].join(', ');
  const size = dimensions === undefined ? 'none' : `${dimensions.x} x ${dimensions.y} x ${dimensions.z} m`;
  const rows = [
    ['  vertices', formatCount(vertices)],
    ['  faces', `${formatCount(faces)} (${kinds})`],
    ['  dimensions', size],
    ['  materials', materialNames.length === 0 ? 'none' : printable(materialNames.join(', '))],
    ...report.warnings.map((warning) => ['  warning', printable(warning)]),
    ...(reportUri === '' ? [] : [['  report', printable(reportUri)]]),
  ];
  return [printable(uri), ...tableLines(['left', 'left'], rows)];
}
