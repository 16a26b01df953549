import { AnalysisReport, AnalysisSpec, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { CycloramaError } from '../kernel/failure.ts';
import { parseFolderUri, parseS3Uri, type S3Place } from '../kernel/uri.ts';
import type { Operation, OutputFile, Product } from '../kernel/work/operation.ts';
import { printErrorReport, printReport, reportName, toReport } from './report.ts';

const MAX_WARNINGS_SHOWN = 5;

/** Describes the geometry of an asset in one JSON file. */
export const analysisOperation: Operation = {
  name: 'analysis',
  recipe: 4,
  outputPlaces: (task) => [reportPlace(task)],
  blenderOp: () => ({ $case: 'inspect', value: {} }),
  approach:
    'Each file was fetched, checked before Blender saw it, decoded where it was compressed, and imported into a' +
    ' Blender without window; the figures come from the meshes as they stand in the scene after the import, ' +
    'every instance counted.',

  toProduct(task, { blender: { result, warnings: found } }, { downloadedBytes, warnings: known, header }) {
    if (result?.$case !== 'inspection') throw new Error(`Blender answered '${result?.$case}'; expected an inspection`);
    const { key } = parseS3Uri(task.asset!.uri, 'uri');
    const style = styleOf(task);
    const isEmpty = result.value.faces === 0n;
    const emptiness = describeEmptiness(task.asset!.uri, result.value.vertices);
    if (isEmpty && style === ReportStyle.REPORT_STYLE_VALIDATION) {
      // Blender's warnings often say why: the file has only curves, or its meshes are in another scene.
      const message = [emptiness, ...found.slice(0, MAX_WARNINGS_SHOWN)].join('; ');
      throw new CycloramaError('no_geometry', message, { stage: 'verify' });
    }
    const warnings = isEmpty ? [...known, emptiness] : known;
    const report = toReport(key, result.value, warnings, header);
    const detail = {
      vertices: Number(report.vertices),
      faces: Number(report.faces),
      materials: report.materialNames.length,
      downloaded_bytes: downloadedBytes,
    };
    return {
      files: toFiles(task, printReport(report, style)),
      detail,
      report: AnalysisReport.toJSON(report) as Product['report'],
      warnings,
    };
  },

  toFailureProduct(task, error) {
    const { key } = parseS3Uri(task.asset!.uri, 'uri');
    const content = printErrorReport(key, error.reason, error.message, styleOf(task));
    return {
      files: toFiles(task, content),
      detail: { downloaded_bytes: Number(task.asset!.sizeBytes) },
      report: {},
      warnings: [],
    };
  },

  toStats,
  figures: [{ field: 'faces', title: 'Faces', unit: 'count' }],
};

function describeEmptiness(uri: string, vertices: bigint): string {
  const what = vertices === 0n ? 'no mesh' : `no face but ${vertices} vertices`;
  return `asset '${uri}' has ${what}; expected at least one face`;
}

/** Returns the `stats` of a validation report, whichever style the job's own files have. */
function toStats(report: Product['report']): { [field: string]: unknown } {
  const text = printReport(AnalysisReport.fromJSON(report), ReportStyle.REPORT_STYLE_VALIDATION);
  return (JSON.parse(text) as { stats: { [field: string]: unknown } }).stats;
}

function styleOf(task: Task): ReportStyle {
  const { style } = AnalysisSpec.fromJSON(task.spec ?? {});
  return style === ReportStyle.REPORT_STYLE_UNSPECIFIED ? ReportStyle.REPORT_STYLE_VALIDATION : style;
}

/** Makes the report file; none for a task that writes nothing. */
function toFiles(task: Task, content: string): OutputFile[] {
  return task.outputUri === '' ? [] : [{ place: reportPlace(task), content, contentType: 'application/json' }];
}

/** Returns the report's place: beside the asset, or below the dataset's folder. */
function reportPlace(task: Task): S3Place {
  const asset = parseS3Uri(task.asset!.uri, 'uri');
  const style = styleOf(task);
  if (task.outputsBesideAsset) return { bucket: asset.bucket, key: reportName(asset.key, style, task.keepExtension) };
  const folder = parseFolderUri(task.outputUri, 'output_uri');
  return { bucket: folder.bucket, key: folder.key + reportName(task.assetName, style, task.keepExtension) };
}
