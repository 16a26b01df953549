import { AnalysisReport, AnalysisSpec, ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { CycloramaError } from '../kernel/failure.ts';
import type { Operation, OutputFile, Product } from '../kernel/operation.ts';
import { parseFolderUri, parseS3Uri, type S3Place } from '../kernel/uri.ts';
import { printErrorReport, printReport, reportName, toReport } from './report.ts';

/** Describes the geometry of an asset in one JSON file. */
export const analysisOperation: Operation = {
  name: 'analysis',
  recipe: 4,
  outputPlaces: (task) => [reportPlace(task)],
  blenderOp: () => ({ $case: 'inspect', value: {} }),
  approach:
    'Each file was fetched, checked before Blender saw it, decoded where it was compressed, and imported into a Blender without window; the figures come from the meshes as they stand in the scene after the import, every instance counted.',

  toProduct(task, { blender: { result } }, { downloadedBytes, warnings: known, header }) {
    if (result?.$case !== 'inspection') throw new Error(`Blender answered '${result?.$case}'; expected an inspection`);
    const { key } = parseS3Uri(task.asset!.uri, 'uri');
    const style = styleOf(task);
    const isEmpty = result.value.faces === 0n;
    const emptiness = `asset '${task.asset!.uri}' has no mesh; expected at least one face`;
    if (isEmpty && style === ReportStyle.REPORT_STYLE_VALIDATION) {
      throw new CycloramaError('no_geometry', emptiness, { stage: 'verify' });
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

/** The `stats` of a validation report, whatever the style of the job's own files. */
function toStats(report: Product['report']): { [field: string]: unknown } {
  const text = printReport(AnalysisReport.fromJSON(report), ReportStyle.REPORT_STYLE_VALIDATION);
  return (JSON.parse(text) as { stats: { [field: string]: unknown } }).stats;
}

function styleOf(task: Task): ReportStyle {
  const { style } = AnalysisSpec.fromJSON(task.spec ?? {});
  return style === ReportStyle.REPORT_STYLE_UNSPECIFIED ? ReportStyle.REPORT_STYLE_VALIDATION : style;
}

/** The report file; none for a task that writes nothing. */
function toFiles(task: Task, content: string): OutputFile[] {
  return task.outputUri === '' ? [] : [{ place: reportPlace(task), content, contentType: 'application/json' }];
}

/** Beside the asset, or below the dataset's folder. */
function reportPlace(task: Task): S3Place {
  const asset = parseS3Uri(task.asset!.uri, 'uri');
  const style = styleOf(task);
  if (task.outputsBesideAsset) return { bucket: asset.bucket, key: reportName(asset.key, style, task.keepExtension) };
  const folder = parseFolderUri(task.outputUri, 'output_uri');
  return { bucket: folder.bucket, key: folder.key + reportName(task.assetName, style, task.keepExtension) };
}
