import { randomUUID } from 'node:crypto';
import { Dataset } from '../../../gen/cyclorama/job/v1/task.ts';
import { CycloramaError } from '../failure.ts';
import type { ObjectStore, WriteCondition } from '../store/types.ts';
import { toS3Uri } from '../uri.ts';
import { canonicalJson } from './fingerprint.ts';
import { type DatasetPlaces, toDatasetPlaces } from './places.ts';

/** MD5 of empty content. None of our objects has this ETag, so `If-Match` with it must fail. */
const FOREIGN_ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const MAX_DATASET_BYTES = 1024 ** 2;

/** Buckets of each store that honour conditional writes; each process checks a bucket once. */
const proven = new WeakMap<object, Set<string>>();

/** The dataset that a job wants in its output place. */
interface Claim {
  operation: string;
  spec: { [field: string]: unknown };
  outputUri: string;
  replace: boolean;
}

/** Claims an output place for the dataset of one operation and spec; refuses if it holds another dataset. */
export async function claimDataset(store: ObjectStore, draft: Claim, signal?: AbortSignal): Promise<void> {
  const places = toDatasetPlaces(draft.outputUri);
  store.checkBucket(places.bucket);
  await proveConditionalWrites(store, places, signal);
  const wanted = Dataset.fromPartial({ operation: draft.operation, spec: draft.spec, createTime: new Date() });
  const body = `${JSON.stringify(Dataset.toJSON(wanted), undefined, 1)}\n`;
  const contentType = 'application/json';
  let existing = await checkClaim(store, draft, signal);
  if (existing === undefined) {
    const condition = { ifAbsent: true } as const;
    if (await wrote(store.write(places.description, body, { condition, contentType }, signal))) return;
    existing = await checkClaim(store, draft, signal);
  }
  if (existing === undefined) {
    const what = `'${toS3Uri(places.description)}' can be neither written nor read; expected one of the two`;
    throw new CycloramaError('precondition_failed', what);
  }
  if (existing.same) return;
  await store.write(places.description, body, { condition: { ifEtag: existing.etag }, contentType }, signal);
}

/** Refuses an output place that holds another dataset; undefined if it holds none. Changes nothing. */
export async function checkClaim(
  store: Pick<ObjectStore, 'read'>,
  draft: Claim,
  signal?: AbortSignal,
): Promise<{ etag: string; same: boolean } | undefined> {
  const found = await store.read(toDatasetPlaces(draft.outputUri).description, MAX_DATASET_BYTES, signal);
  if (!found) return undefined;
  const existing = Dataset.fromJSON(JSON.parse(found.body.toString('utf8')));
  const same =
    existing.operation === draft.operation && canonicalJson(existing.spec ?? {}) === canonicalJson(draft.spec);
  if (same || draft.replace) return { etag: found.etag, same };
  const expected = `'${draft.operation}' ${settingsText(draft.spec)}, another output_uri, or replace`;
  throw new CycloramaError(
    'output_in_use',
    `'${draft.outputUri}' holds a dataset of '${existing.operation}' ${settingsText(existing.spec)}; ` +
      `expected ${expected}`,
  );
}

function settingsText(spec: object | undefined): string {
  return Object.keys(spec ?? {}).length === 0 ? 'with default settings' : `with ${canonicalJson(spec)}`;
}

/** Returns whether a conditional write took place; false if its condition did not hold. */
async function wrote(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof CycloramaError && error.reason === 'precondition_failed') return false;
    throw error;
  }
}

/** Writes a small object, then again under conditions that do not hold; refuses a store that accepts such a write. */
export async function proveConditionalWrites(
  store: ObjectStore,
  places: DatasetPlaces,
  signal?: AbortSignal,
): Promise<void> {
  const buckets = proven.get(store) ?? new Set<string>();
  proven.set(store, buckets);
  if (buckets.has(places.bucket)) return;
  const probe = places.probe(randomUUID());
  const takes = (condition: WriteCondition): Promise<boolean> =>
    wrote(store.write(probe, randomUUID(), { condition, contentType: 'text/plain' }, signal));
  try {
    await takes({ ifAbsent: true });
    for (const condition of [{ ifAbsent: true }, { ifEtag: FOREIGN_ETAG }] as const) {
      if (!(await takes(condition))) continue;
      const header = 'ifAbsent' in condition ? 'If-None-Match: *' : "If-Match with another object's ETag";
      throw new CycloramaError(
        'store_not_conditional',
        `the store of '${toS3Uri(probe)}' wrote an existing object under ${header}; expected 412`,
      );
    }
  } finally {
    await store.remove(probe, signal);
  }
  buckets.add(places.bucket);
}

/** Writes a small object and removes it again; throws if records cannot be written. */
export async function proveWritable(store: ObjectStore, places: DatasetPlaces, signal?: AbortSignal): Promise<void> {
  const probe = places.probe(randomUUID());
  await store.write(probe, 'probe', { condition: 'always', contentType: 'text/plain' }, signal);
  await store.remove(probe, signal);
}
