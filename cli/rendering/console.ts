import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import type { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { errorLine, keyOf, type Line, plainLine } from '../job/lines.ts';
import { countOf } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';
import { warningsShown } from '../terminal/warnings.ts';

/** Writes a line for an asset, with the reason of a failure, and below it the warnings, which may explain it. */
export function renderLines(
  result: TaskResult,
  index: number,
  total: number | '?',
  nameOf: (uri: string) => string = keyOf,
): Line[] {
  const name = printable(nameOf(result.asset?.uri ?? ''));
  const head = `[${index}/${total}]`;
  const { failure } = result;
  const why = failure === undefined ? 'no reason was given' : printable(`${failure.reason}: ${failure.message}`);
  const warnings = warningsShown(result.warnings).map((text) => plainLine(`   > ${text}`));
  switch (result.outcome) {
    case Outcome.OUTCOME_SUCCEEDED:
      if (result.reused) return [plainLine(`${head} '${name}' already done`)];
      return [plainLine(`${head} '${name}'  ${workText(result)}`), ...warnings];
    case Outcome.OUTCOME_FAILED:
      return [errorLine(`${head} FAILED '${name}'${result.reused ? ' before' : ''}: ${why}`), ...warnings];
    case Outcome.OUTCOME_SKIPPED:
      return [plainLine(`${head} SKIPPED '${name}': ${why}`)];
    default:
      return [plainLine(`${head} CANCELLED '${name}': the job ended before its turn came`)];
  }
}

function workText({ outputs, stageSeconds }: TaskResult): string {
  const images = outputs.filter(({ uri }) => uri.endsWith('.png') && !uri.includes('/_cyclorama/')).length;
  // The time that an asset waited for a Blender does not depend on the asset.
  const { wait: _, ...work } = stageSeconds;
  const seconds = Object.values(work).reduce((sum, each) => sum + each, 0);
  return `${countOf(images, 'image')}, ${seconds.toFixed(1)} s`;
}
