import { AssetSource } from '../../../../gen/cyclorama/asset/v1/asset.ts';
import type { Job } from '../../../../gen/cyclorama/job/v1/job.ts';
import { canonicalJson } from '../fingerprint.ts';
import type { BuildCounts } from '../index/build.ts';
import type { IndexSummary } from '../index/summary.ts';
import type { Distribution } from './distribution.ts';
import {
  asCode,
  countOf,
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  markdownHistogram,
  markdownTable,
} from './text.ts';

const UNREADABLE_SHOWN = 10;

/** Facts of the report on a dataset. */
export interface ReportFacts {
  job: Job;
  approach: string;
  recipe: number;
  version: string;
  summary: IndexSummary;
  counts: BuildCounts;
  /** Number of columns of the Parquet file; `leftOut` counts the fields without a column. */
  columns: number;
  leftOut: number;
  /** Time when the index was finished. */
  time: Date;
  /** Says whether a contact sheet lies beside the report. */
  hasSheet: boolean;
}

/** Writes the report on a dataset as Markdown. */
export function printReport(facts: ReportFacts): string {
  const { job, summary } = facts;
  const sections = [
    `# ${job.outputUri}`,
    intro(facts),
    '## Outcomes',
    outcomes(summary),
    ...(summary.reasons.size > 0 ? ['## Failures and skips by reason', reasons(summary)] : []),
    '## Time',
    times(facts),
    '## Size of the files',
    histogram(summary.bytes, formatBytes),
    ...summary.figures
      .filter(({ values }) => values.count > 0)
      .flatMap((figure) => [`## ${figure.title}`, figureText(figure)]),
    '## Settings',
    settings(facts),
    ...notes(facts),
  ];
  return `${sections.join('\n\n')}\n`;
}

function intro({ job, approach, summary, time, hasSheet }: ReportFacts): string {
  const images = hasSheet ? `, ${formatCount(summary.images)} images` : '';
  const files = `${countOf(summary.rows, 'asset')}, ${formatBytes(summary.bytes.sum)}${images}`;
  const look = hasSheet ? ' To look at all images: `index.html`, the contact sheet, in a browser.' : '';
  const rows = 'One row an asset, failures included, lies beside this file in `index.jsonl` and `index.parquet`.';
  return `${files}; operation \`${job.operation}\`, as of ${time.toISOString()}. ${approach}\n\n${rows}${look}`;
}

function outcomes({ outcomes: { succeeded, failed, skipped }, rows, withWarnings }: IndexSummary): string {
  const row = (name: string, count: number): string[] => [name, formatCount(count), formatShare(count, rows)];
  return markdownTable([
    ['outcome', 'assets', 'share'],
    row('succeeded', succeeded),
    row('failed', failed),
    row('skipped', skipped),
    row('with warnings', withWarnings),
  ]);
}

function reasons({ reasons: found, rows }: IndexSummary): string {
  const sorted = [...found].sort(([, a], [, b]) => b.count - a.count);
  const table = markdownTable([
    ['outcome and reason', 'assets', 'share'],
    ...sorted.map(([name, { count }]) => [name, formatCount(count), formatShare(count, rows)]),
  ]);
  const examples = sorted.map(([name, { examples: some }]) =>
    [`${name}, for example:`, '', ...some.map(({ key, message }) => `- ${asCode(key)}: ${asCode(message)}`)].join('\n'),
  );
  return [table, ...examples].join('\n\n');
}

function times(facts: ReportFacts): string {
  const { summary } = facts;
  const row = (name: string, took: Distribution): string[] => [
    name,
    ...[0.5, 0.9, 0.99].map((q) => formatSeconds(took.quantile(q))),
    formatSeconds(took.max),
    formatSeconds(took.sum),
  ];
  const stages = [...summary.stages].sort(([, a], [, b]) => b.sum - a.sum);
  const table =
    summary.seconds.count === 0
      ? []
      : [
          'Seconds of the assets that succeeded, by stage; stages of neighbouring assets overlap.',
          markdownTable([
            ['stage', 'median', '90 %', '99 %', 'longest', 'sum'],
            row('all', summary.seconds),
            ...stages.map(([name, took]) => row(name, took)),
          ]),
        ];
  return [throughput(facts), ...table].join('\n\n');
}

/** Describes the work of the last job and its speed. */
function throughput({ job, time, summary }: ReportFacts): string {
  const { total = 0n, reused = 0n } = job.counts ?? {};
  const again = job.retryOf === '' ? '' : `; it tries again what failed in \`${job.retryOf}\``;
  const took = `The last job (\`${job.jobId}\`${again}) took ${countOf(Number(total), 'asset')}`;
  const done = Number(total - reused);
  const seconds = job.startTime ? (time.getTime() - job.startTime.getTime()) / 1000 : 0;
  if (total === 0n) return `${took}.`;
  if (done <= 0 || seconds <= 0) return `${took}, done before.`;
  const before = reused > 0n ? `, ${formatCount(Number(reused))} of them done before` : '';
  const rate = (done / seconds) * 60;
  // A job's images are not counted, so we use the mean number per asset of the whole dataset, failures included.
  const imagesPerSecond = (done / seconds) * (summary.images / summary.rows);
  const images = summary.images > 0 ? `, ${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 2 : 0)} images a second` : '';
  const perMinute = rate < 10 ? rate.toFixed(1) : formatCount(rate);
  return `${took}${before}; it did ${formatCount(done)} in ${formatSeconds(seconds)}: ${perMinute} a minute${images}.`;
}

function histogram(values: Distribution, format: (value: number) => string): string {
  if (values.count === 0) return 'There are none.';
  const bins = values.decades().map(({ from, to, count }) => ({ label: `${format(from)} to ${format(to)}`, count }));
  const [median, ninety] = [values.quantile(0.5), values.quantile(0.9)].map(format);
  const [largest, sum] = [values.max, values.sum].map(format);
  const figures = `Median ${median}, 90 % below ${ninety}, largest ${largest}, in all ${sum}.`;
  return `${figures}\n\n${markdownHistogram(bins)}`;
}

function figureText({ unit, values }: IndexSummary['figures'][number]): string {
  if (unit === 'share') return shareHistogram(values);
  const format = unit === 'count' ? formatCount : unit === 'bytes' ? formatBytes : formatSeconds;
  // Some settings make a figure equal for all assets.
  return values.min === values.max ? `${format(values.min)}, for all.` : histogram(values, format);
}

function shareHistogram(values: Distribution): string {
  const percent = (share: number): string => formatShare(share, 1);
  const bins = values
    .tenths()
    .map(({ from, to, count }) => ({ label: `${Math.round(from * 100)} to ${Math.round(to * 100)} %`, count }));
  const [median, least, largest] = [values.quantile(0.5), values.min, values.max].map(percent);
  const figures = `Median ${median}, least ${least}, largest ${largest}.`;
  return `${figures}\n\n${markdownHistogram(bins)}`;
}

function settings({ job, recipe, version, summary, columns }: ReportFacts): string {
  const listed = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `${name || 'unknown'} (${formatCount(count)})`).join(', ') || '-';
  return markdownTable([
    ['setting', 'value'],
    ['operation', `${job.operation}, recipe ${recipe}`],
    ['spec', asCode(canonicalJson(job.spec ?? {}))],
    ['source of the last job', job.source ? asCode(canonicalJson(AssetSource.toJSON(job.source))) : '-'],
    ['Cyclorama', version],
    ['Blender', listed(summary.blenders)],
    ['device', listed(summary.devices)],
    ['columns of index.parquet', String(columns)],
  ]);
}

function notes({ counts: { unreadable }, leftOut }: ReportFacts): string[] {
  const some = unreadable.slice(0, UNREADABLE_SHOWN).map(asCode).join(', ');
  const lines = [
    ...(leftOut > 0 ? [`${leftOut} or more fields found no column in index.parquet; index.jsonl has them.`] : []),
    ...(unreadable.length > 0
      ? [`${formatCount(unreadable.length)} records cannot be read and have no row: ${some}.`]
      : []),
  ];
  return lines.length > 0 ? ['## Notes', lines.join('\n\n')] : [];
}
