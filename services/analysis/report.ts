import { AnalysisReport, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { AssetStats, FileHeader } from '../../gen/cyclorama/asset/v1/stats.ts';
import type { Inspection, Vector3 } from '../../gen/cyclorama/blender/v1/blender.ts';
import { toStem } from '../kernel/uri.ts';
import { printStats } from './stats-json.ts';

/** Decimals of dimensions, which are in metres. */
const DECIMALS = 6;
/** Significant digits of areas and volumes: their coordinates have single precision. */
const DIGITS = 9;

/** Turns Blender's inspection and the file's own header into the service's report. */
export function toReport(file: string, found: Inspection, warnings: string[], header?: FileHeader): AnalysisReport {
  const extent = (axis: 'x' | 'y' | 'z'): number =>
    round((found.boundsMax?.[axis] ?? 0) - (found.boundsMin?.[axis] ?? 0));
  return AnalysisReport.fromPartial({
    file,
    vertices: found.vertices,
    faces: found.faces,
    triangles: found.triangles,
    quads: found.quads,
    ngons: found.ngons,
    dimensions: { x: extent('x'), y: extent('y'), z: extent('z') },
    materialNames: found.materialNames,
    warnings,
    stats: found.stats && withRoundedSurface(found.stats),
    header: header?.format === 'blend' ? { ...header, unitMetres: found.unitMetres } : header,
    boundsMin: found.boundsMin && rounded(found.boundsMin),
    boundsMax: found.boundsMax && rounded(found.boundsMax),
  });
}

/** Prints the report file of a success: the JSON of exercise 4 or of exercise 1. */
export function printReport(report: AnalysisReport, style: ReportStyle): string {
  const { file, dimensions, materialNames, warnings } = report;
  const [vertices, faces, triangles, quads, ngons] = [
    report.vertices,
    report.faces,
    report.triangles,
    report.quads,
    report.ngons,
  ].map(Number);
  const json =
    style === ReportStyle.REPORT_STYLE_INSPECTION
      ? { filename: fileName(file), geometry: { vertices, faces }, topology: { triangles, quads, ngons }, dimensions }
      : {
          file,
          status: 'success',
          stats: {
            vertices,
            faces,
            dimensions,
            materials: materialNames,
            topology: { triangles, quads, ngons },
            ...printStats(report),
            ...(warnings.length > 0 ? { warnings } : {}),
          },
        };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** Prints the report file of a failure, in either style. */
export function printErrorReport(file: string, reason: string, message: string, style: ReportStyle): string {
  const name = style === ReportStyle.REPORT_STYLE_INSPECTION ? { filename: fileName(file) } : { file };
  return `${JSON.stringify({ ...name, status: 'error', error_message: message, reason }, undefined, 2)}\n`;
}

/** Returns the key of an asset's report, relative to the output folder. */
export function reportName(assetName: string, style: ReportStyle, keepExtension: boolean): string {
  const stem = toStem(assetName, keepExtension);
  return style === ReportStyle.REPORT_STYLE_INSPECTION ? `${stem}.json` : `${stem}_report.json`;
}

function fileName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function withRoundedSurface({ surface, ...stats }: AssetStats): AssetStats {
  if (!surface) return { ...stats, surface };
  const { area, volume } = surface;
  return { ...stats, surface: { ...surface, area: shorten(area), volume: volume && shorten(volume) } };
}

function rounded({ x, y, z }: Vector3): Vector3 {
  return { x: round(x), y: round(y), z: round(z) };
}

function shorten(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

function round(value: number): number {
  return Number(value.toFixed(DECIMALS));
}
