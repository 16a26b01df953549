import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import type { Reason } from '../../../services/kernel/failure.ts';
import { filesBelow } from '../stacks/faults-leftovers.ts';

/** The expected reason of failure of each asset by key; undefined means success. */
export type Expected = ReadonlyMap<string, Reason | undefined>;

const IMAGES = ['metadata.json', ...['depth', 'edge', 'normal', 'textured'].map((name) => `render_${name}.png`)];
const OF_DATASET = ['index.html', 'index.jsonl', 'index.parquet', 'report.md'];

/**
 * Describes the problems of a dataset with one view per asset. There are none if every asset has the expected result
 * and the dataset has exactly the files of the succeeded assets, with the content of their results. `folder` is the
 * dataset on disk, `root` its URI. The job took several formats, so names of folders are whole keys.
 */
export function findProblems(folder: string, root: string, results: TaskResult[], expected: Expected): string[] {
  const keys = results.map(({ asset }) => keyOf(asset!.uri)).sort();
  const outputs = results.flatMap((result) => result.outputs.map(({ uri }) => uri.slice(root.length)));
  const isOwn = (file: string): boolean => !/^_cyclorama\/(?!kept\/|thumbnails\/)/.test(file);
  return [
    ...compare('assets with a result', keys, [...expected.keys()].sort()),
    ...compare('files', filesBelow(folder).filter(isOwn), [...OF_DATASET, ...outputs].sort()),
    ...results.flatMap((result) => [
      ...checkOutcome(result, root, expected.get(keyOf(result.asset!.uri))),
      ...checkContent(result, folder, root),
    ]),
  ];
}

function checkOutcome({ asset, outcome, failure, outputs }: TaskResult, root: string, reason?: Reason): string[] {
  const key = keyOf(asset!.uri);
  const came = outcome === Outcome.OUTCOME_SUCCEEDED ? 'success' : `${failure?.reason}: ${failure?.message}`;
  const fits = reason === undefined ? came === 'success' : failure?.reason === reason;
  if (!fits) return [`'${key}' ended with ${came}; expected ${reason ?? 'success'}`];
  const own = outputs.map(({ uri }) => uri.slice(root.length)).filter((path) => !path.startsWith('_cyclorama/'));
  const expected = reason === undefined ? IMAGES.map((name) => `${key}/${name}`) : [];
  return compare(`outputs of '${key}'`, own, expected);
}

function checkContent({ outputs }: TaskResult, folder: string, root: string): string[] {
  return outputs.flatMap(({ uri, sha256, sizeBytes }) => {
    const bytes = readFileSync(join(folder, uri.slice(root.length)));
    const same = createHash('sha256').update(bytes).digest('hex') === sha256 && bytes.length === Number(sizeBytes);
    return same ? [] : [`'${uri}' does not match its result`];
  });
}

function compare(what: string, found: string[], expected: string[]): string[] {
  const [there, wanted] = [new Set(found), new Set(expected)];
  return [
    ...(there.size === found.length ? [] : [`${what}: some appear twice`]),
    ...expected.filter((name) => !there.has(name)).map((name) => `${what}: '${name}' is missing`),
    ...found.filter((name) => !wanted.has(name)).map((name) => `${what}: '${name}' is not expected`),
  ];
}

function keyOf(uri: string): string {
  return uri.replace(/^s3:\/\/[^/]+\//, '');
}
