import { outcomeToJSON } from '../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, type JobState, jobStateToJSON, type TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { formatClock, formatTime } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';
import type { Alignment } from '../terminal/tables.ts';
import { warningsShown } from '../terminal/warnings.ts';

/** Columns of jobRow. */
export const JOB_COLUMNS: Alignment[] = ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'left'];
export const JOB_HEADINGS = ['JOB', 'OPERATION', 'STATE', 'CREATED (UTC)', 'DONE', 'TOTAL', 'FAILED', 'OUTPUT'];

/** Writes a job as a row of a table. */
export function jobRow(job: Job): string[] {
  const { counts } = job;
  return [
    job.jobId,
    job.operation,
    stateName(job.state),
    formatTime(job.createTime),
    String(doneCount(job)),
    String(counts?.total ?? 0),
    String(counts?.failed ?? 0),
    printable(job.outputUri),
  ];
}

/** Writes a job as rows of names and values, without empty ones. */
export function jobRows(job: Job): string[][] {
  const { counts, failure } = job;
  const rows = [
    ['job', job.jobId],
    ['operation', job.operation],
    ['state', stateName(job.state)],
    ['why', failure === undefined ? '' : `${failure.reason}: ${failure.message}`],
    ['source', sourceText(job)],
    ['spec', job.spec === undefined || Object.keys(job.spec).length === 0 ? '' : JSON.stringify(job.spec)],
    ['output', job.outputsBesideAssets ? `beside the assets; records in ${job.outputUri}` : job.outputUri],
    ['total', String(counts?.total ?? 0)],
    ['succeeded', String(counts?.succeeded ?? 0)],
    ['failed', String(counts?.failed ?? 0)],
    ['skipped', countOrNothing(counts?.skipped)],
    ['cancelled', countOrNothing(counts?.cancelled)],
    ['reused', countOrNothing(counts?.reused)],
    ['created', job.createTime === undefined ? '' : `${formatTime(job.createTime)} UTC`],
    ['took', duration(job)],
    ['retry of', job.retryOf],
    ['trace id', job.traceId],
  ];
  for (const warning of job.warnings) rows.push(['warning', warning]);
  return rows.filter(([, value]) => value !== '').map(([name, value]) => [name!, printable(value!)]);
}

/** Counts the assets that have an outcome. */
export function doneCount({ counts }: Pick<Job, 'counts'>): bigint {
  return counts === undefined ? 0n : counts.succeeded + counts.failed + counts.skipped + counts.cancelled;
}

/** Writes a state without its prefix: `RUNNING`. */
function stateName(state: JobState): string {
  return jobStateToJSON(state).replace('JOB_STATE_', '');
}

/** Writes a result as lines: outcome, asset, reason, place, and Blender's last log lines if the result has any. */
export function resultLines(result: TaskResult): string[] {
  const outcome = outcomeToJSON(result.outcome).replace('OUTCOME_', '');
  const where = printable(result.outputs[0]?.uri ?? result.recordUri);
  const lines = [
    `${outcome.padEnd(9)}  ${printable(result.asset?.uri ?? '')}${result.reused ? '  (done before)' : ''}`,
  ];
  const { failure } = result;
  if (failure !== undefined) lines.push(`           ${printable(`${failure.reason}: ${failure.message}`)}`);
  for (const text of warningsShown(result.warnings)) lines.push(`           ${text}`);
  if (where !== '') lines.push(`           ${where}`);
  for (const line of failure?.logTail ?? []) lines.push(`           | ${printable(line)}`);
  return lines;
}

function sourceText({ source }: Job): string {
  switch (source?.source?.$case) {
    case 'prefix': {
      const { prefixUri, suffixes, limit } = source.source.value;
      const kinds = suffixes.length === 0 ? '' : ` (${suffixes.join(', ')})`;
      return `${prefixUri}${kinds}${limit > 0n ? `, at most ${limit}` : ''}`;
    }
    case 'list':
      return source.source.value.uris.length === 1
        ? source.source.value.uris[0]!
        : `${source.source.value.uris.length} assets by name`;
    case 'manifest':
      return `manifest ${source.source.value.uri}`;
    case 'job':
      return `assets of job ${source.source.value.jobId}`;
    default:
      return '';
  }
}

function duration({ startTime, endTime }: Job): string {
  if (startTime === undefined || endTime === undefined) return '';
  return formatClock((endTime.getTime() - startTime.getTime()) / 1000);
}

function countOrNothing(count: bigint | undefined): string {
  return count === undefined || count === 0n ? '' : String(count);
}
