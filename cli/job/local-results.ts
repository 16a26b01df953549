import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import type { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { toClosingPlaces, toSheetPlaces } from '../../services/kernel/dataset/places.ts';
import { readWholeRecord } from '../../services/kernel/dataset/records.ts';
import type { ObjectStore, StoredObject } from '../../services/kernel/store/types.ts';
import { parseFolderUri, parseObjectUri, parseS3Uri } from '../../services/kernel/uri.ts';
import type { CommandContext } from '../connect/command-run.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { isS3Word } from '../files/source-word.ts';
import { getObjects } from '../files/transfer.ts';
import { countOf } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';
import { resultsRequest } from './follow.ts';

/** A folder for outputs, and the store to fetch them from. */
export interface LocalFolder {
  store: ObjectStore;
  dir: string;
}

/** Where the outputs of an operation go. */
export interface LocalOutput {
  /** The output place. */
  uri: string;
  /** The folder to fetch them into afterwards, if the user named one. */
  fetch?: LocalFolder;
  /** A remark for the user at the end. */
  remark?: string;
}

/** Reads --output of a command with a local source: an output place, or a folder that takes the results of `ownUri`. */
export function readLocalOutput(word: string | undefined, ownUri: string, store: ObjectStore): LocalOutput {
  if (word === undefined) return { uri: ownUri, remark: `results lie in ${ownUri}; --output DIR copies them to DIR` };
  return isS3Word(word) ? { uri: word } : { uri: ownUri, fetch: { store, dir: word } };
}

type FetchContext = Pick<CommandContext, 'terminal' | 'signal'>;

/** Fetches all outputs of an ended job into a folder, but neither its records nor the outputs of other jobs. */
export async function fetchJobOutputs(
  context: FetchContext,
  calls: Pick<JobCalls, 'results'>,
  job: { jobId: string; outputUri: string },
  folder: LocalFolder,
): Promise<void> {
  await fetchInto(context, job.outputUri, outputsOf(folder.store, calls, job, context.signal), folder);
}

/** Fetches objects of an output place into a folder, under the names that they have there. */
export async function fetchInto(
  { terminal, signal }: FetchContext,
  outputUri: string,
  objects: Iterable<StoredObject> | AsyncIterable<StoredObject>,
  { store, dir }: LocalFolder,
): Promise<void> {
  const counts = { copied: 0, unchanged: 0 };
  const listener = {
    onFile({ outcome }: { outcome: keyof typeof counts }) {
      counts[outcome] += 1;
      terminal.status(() => `fetching: ${counts.copied + counts.unchanged}`);
    },
    onRefused: (uri: string, why: string) => terminal.note(`refused: ${printable(uri)}: ${why}`),
  };
  await getObjects(store, objects, parseFolderUri(outputUri, 'output_uri'), dir, listener, signal);
  terminal.status(undefined);
  terminal.note(`${countOf(counts.copied, 'file')} written to ${printable(dir)}, ${counts.unchanged} there unchanged`);
}

async function* outputsOf(
  store: ObjectStore,
  calls: Pick<JobCalls, 'results'>,
  { jobId, outputUri }: { jobId: string; outputUri: string },
  signal: AbortSignal,
): AsyncGenerator<StoredObject> {
  const folder = parseFolderUri(outputUri, 'output_uri');
  const { sheet, ...closing } = toClosingPlaces(outputUri, false);
  const sheetFile = await store.head(sheet, signal);
  let pageToken = '';
  do {
    const page = await calls.results({ ...resultsRequest(jobId), pageToken }, signal);
    for (const result of page.results) {
      for (const { uri, sizeBytes, etag } of await recordedOutputs(store, result, signal)) {
        const { bucket, key } = parseS3Uri(uri, 'output.uri');
        const ours = bucket === folder.bucket && key.startsWith(folder.key);
        if (ours) yield { key, sizeBytes, etag, lastModifyTime: undefined };
      }
      // A contact sheet links to the records of failures.
      const { outcome, recordUri } = result;
      if (sheetFile && outcome === Outcome.OUTCOME_FAILED) {
        const record = await store.head(parseObjectUri(recordUri, 'record_uri'), signal);
        if (record !== undefined) yield record;
      }
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  for (const place of Object.values(closing)) {
    const found = await store.head(place, signal);
    if (found !== undefined) yield found;
  }
  if (!sheetFile) return;
  yield sheetFile;
  const { pages } = toSheetPlaces(outputUri, false);
  for await (const objects of store.listAll(pages.bucket, pages.key, signal)) yield* objects;
}

/** Returns the outputs of a result. A reused result does not name them, but its record does. */
async function recordedOutputs(
  store: ObjectStore,
  { outputs, reused, recordUri }: TaskResult,
  signal: AbortSignal,
): Promise<TaskResult['outputs']> {
  if (!reused || recordUri === '') return outputs;
  const record = await readWholeRecord(store, parseObjectUri(recordUri, 'record_uri'), signal);
  return record?.result?.outputs ?? [];
}
