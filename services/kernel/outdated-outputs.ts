import type { Output } from '../../gen/cyclorama/job/v1/job.ts';
import type { DatasetPlaces } from './dataset.ts';
import type { ObjectStore } from './object-store.ts';
import { type ListedRecord, readRecord } from './records.ts';
import { parseObjectUri, type S3Place, toS3Uri } from './uri.ts';

/**
 * Names what a new record of an asset leaves without a record: outputs of its older records that it does not list itself, and
 * kept files of attempts that never got to their record.
 */
export async function outdatedOutputs(
  store: Pick<ObjectStore, 'read'>,
  { bucket, keptFolder }: Pick<DatasetPlaces, 'bucket' | 'keptFolder'>,
  standing: { records: ListedRecord[]; outputs: ReadonlyMap<string, string> },
  outputs: Output[],
  signal?: AbortSignal,
): Promise<S3Place[]> {
  const listed = new Set(outputs.map(({ uri }) => uri));
  const records = await Promise.all(standing.records.map(({ place }) => readRecord(store, place, signal)));
  const recorded = records.flatMap((record) => record?.result?.outputs.map(({ uri }) => uri) ?? []);
  const kept = [...standing.outputs.keys()].filter((key) => key.startsWith(keptFolder));
  const uris = new Set([...recorded, ...kept.map((key) => toS3Uri({ bucket, key }))]);
  return [...uris].filter((uri) => !listed.has(uri)).map((uri) => parseObjectUri(uri, 'outputs.uri'));
}
