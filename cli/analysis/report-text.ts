import type { AnalysisReport } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { AssetStats } from '../../gen/cyclorama/asset/v1/stats.ts';
import { formatCount } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';
import { tableLines } from '../terminal/tables.ts';

const MOST_NAMES = 10;

/** Writes an analysis report for people. */
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
    ['  materials', namesText(materialNames)],
    ...(report.stats === undefined ? [] : statsRows(report.stats)),
    ...report.warnings.map((warning) => ['  warning', printable(warning)]),
    ...(reportUri === '' ? [] : [['  report', printable(reportUri)]]),
  ];
  return [printable(uri), ...tableLines(['left', 'left'], rows)];
}

function statsRows({ surface, textures, animations }: AssetStats): string[][] {
  const images = textures.map(
    ({ name, width, height, missing }) => `${name} (${missing ? 'missing' : `${width} x ${height}`})`,
  );
  return [
    ['  textures', namesText(images)],
    ['  animations', namesText(animations.map(({ name, durationS }) => `${name} (${Number(durationS.toFixed(2))} s)`))],
    ...(surface === undefined ? [] : [['  watertight', surface.watertight ? 'yes' : 'no']]),
  ];
}

/** Lists the first names only, since an asset may have hundreds. */
function namesText(names: string[]): string {
  if (names.length === 0) return 'none';
  const rest = names.length - MOST_NAMES;
  const shown = printable(names.slice(0, MOST_NAMES).join(', '));
  return rest > 0 ? `${shown} and ${formatCount(rest)} more` : shown;
}
