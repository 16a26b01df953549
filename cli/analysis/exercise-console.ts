import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import type { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { errorLine, keyOf, type Line, plainLine } from '../job/lines.ts';
import { countOf, formatCount, formatMegabytes } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';

/** Names of assets and outputs on the console; by default their keys. */
export interface ConsoleNames {
  /** Returns where an earlier job put the report of an asset, since a reused result names no outputs. */
  reportUri?: (assetUri: string) => string;
  /** Returns the name of an asset or output. */
  nameOf?: ((uri: string) => string) | undefined;
}

/** Writes the first line: the place that was scanned, and the number of files. */
export function scanLine(prefixUri: string, found: number | bigint): string {
  return `[INFO] Scanning '${printable(prefixUri)}'... found ${countOf(found, 'file')}.`;
}

/** Writes the second line, for a limit that the user set. */
export function limitLine(limit: number): string {
  return `[INFO] Processing limit set to ${limit}.`;
}

/** Writes the lines of one asset and an empty line after them; `index` counts results from 1. */
export function assetLines(result: TaskResult, index: number, total: number | '?', names: ConsoleNames = {}): Line[] {
  const uri = result.asset?.uri ?? '';
  const key = printable((names.nameOf ?? keyOf)(uri));
  const head = `[${index}/${total}]`;
  const lines = result.reused
    ? [plainLine(`${head} '${key}' already done.`), ...failureLine(result), ...reusedLine(result, names)]
    : [plainLine(`${head} processing '${key}'...`), ...downloadedLine(result), ...outcomeLines(result, names)];
  return [...lines, plainLine('')];
}

function outcomeLines(result: TaskResult, names: ConsoleNames): Line[] {
  switch (result.outcome) {
    case Outcome.OUTCOME_SUCCEEDED: {
      const cleanup = plainLine('   > Cleanup: Local file deleted. BPY memory cleared.');
      return [...statsLine(result), ...uploadedLine(result, names), cleanup];
    }
    case Outcome.OUTCOME_FAILED: {
      const report = result.outputs.length > 0 ? 'Uploaded error report. ' : '';
      return [...failureLine(result), plainLine(`   > ${report}Continuing...`)];
    }
    case Outcome.OUTCOME_SKIPPED:
      return [plainLine(`   > SKIPPED: ${reasonOf(result)}`)];
    default:
      return [plainLine('   > CANCELLED: the job ended before its turn came.')];
  }
}

function downloadedLine(result: TaskResult): Line[] {
  const bytes = figure(result, 'downloaded_bytes');
  if (bytes !== undefined) return [plainLine(`   > Downloaded (${formatMegabytes(bytes)})`)];
  const arrived = result.outcome === Outcome.OUTCOME_SUCCEEDED || result.outcome === Outcome.OUTCOME_SKIPPED;
  const failedLater = result.failure !== undefined && !['', 'download'].includes(result.failure.stage);
  if (!arrived && !failedLater) return [];
  return [plainLine(`   > Downloaded (${formatMegabytes(result.asset?.sizeBytes ?? 0)})`)];
}

function statsLine(result: TaskResult): Line[] {
  const vertices = figure(result, 'vertices');
  if (vertices === undefined) return [];
  const materials = figure(result, 'materials') ?? 0;
  const verts = `${formatCount(vertices)} ${vertices === 1 ? 'vert' : 'verts'}`;
  return [plainLine(`   > Stats: ${verts}, ${formatCount(materials)} ${materials === 1 ? 'material' : 'materials'}.`)];
}

function uploadedLine(result: TaskResult, names: ConsoleNames): Line[] {
  const uri = result.outputs[0]?.uri;
  return uri === undefined ? [] : [plainLine(`   > Report uploaded to '${placeOf(uri, result, names)}'.`)];
}

function reusedLine(result: TaskResult, names: ConsoleNames): Line[] {
  const report = names.reportUri?.(result.asset?.uri ?? '');
  if (report !== undefined) return [plainLine(`   > Report at '${placeOf(report, result, names)}'.`)];
  return result.recordUri === '' ? [] : [plainLine(`   > Record at '${placeOf(result.recordUri, result, names)}'.`)];
}

function failureLine(result: TaskResult): Line[] {
  return result.outcome === Outcome.OUTCOME_FAILED ? [errorLine(`   > ERROR: ${reasonOf(result)}`)] : [];
}

function reasonOf({ failure }: TaskResult): string {
  if (failure === undefined) return 'no reason was given';
  return printable(`${failure.reason}: ${failure.message}`);
}

function figure(result: TaskResult, name: string): number | undefined {
  const value: unknown = result.detail?.[name];
  return typeof value === 'number' ? value : undefined;
}

/** Names a place by its key if it is in the asset's own bucket, as the exercise does. */
function placeOf(uri: string, { asset }: TaskResult, { nameOf }: ConsoleNames): string {
  if (nameOf !== undefined) return printable(nameOf(uri));
  return printable(bucketOf(uri) === bucketOf(asset?.uri ?? '') ? keyOf(uri) : uri);
}

function bucketOf(uri: string): string {
  return /^s3:\/\/([^/]*)/.exec(uri)?.[1] ?? '';
}
