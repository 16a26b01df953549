import type { Asset, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Output, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { type Task, TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import type { BlenderPool } from '../blender/pool.ts';
import type { Bus } from '../bus/types.ts';
import { forEachBounded } from '../concurrency.ts';
import { type DatasetPlaces, outcomeWord, toDatasetPlaces } from '../dataset/places.ts';
import { commitRecord, type ListedRecord, listRecords, readRecord } from '../dataset/records.ts';
import { CycloramaError, toFailure } from '../failure.ts';
import { publishResult } from '../jobs/results.ts';
import { conditionOf } from '../store/condition.ts';
import { isBadRequest } from '../store/errors.ts';
import type { ObjectStore, StoredObject } from '../store/types.ts';
import { type S3Place, toS3Uri } from '../uri.ts';
import type { Operation, OutputFile, Product } from './operation.ts';
import type { PreparedAsset } from './prepare.ts';
import type { TaskFolder } from './scratch.ts';

const UPLOADS_AT_ONCE = 8;
const LOOKS_AT_ONCE = 8;

/** Everything that one attempt at a task works with. */
export interface AttemptParts {
  bus: Pick<Bus, 'publish'>;
  store: ObjectStore;
  pool: Pick<BlenderPool, 'withBlender'>;
  /** The imaging processes; absent if no operation has an imaging step. */
  imaging?: Pick<BlenderPool, 'withBlender'>;
  operation: Operation;
  task: Task;
  attempt: number;
  /** The attempt needs a Blender that has not had another asset. */
  fresh: boolean;
  workerId: string;
  sandbox: string;
  device: string;
  version: string;
  limits: { deadlineMs: number; stallMs: number };
  /** The attempt's own folder in scratch. */
  folder: TaskFolder;
  /** Fetches, checks and decodes the asset into the folder. */
  prepare: (signal: AbortSignal) => Promise<PreparedAsset>;
  /** Runs the work of a stage and adds its time to `stageSeconds`. */
  timed: <T>(stage: string, work: () => Promise<T>) => Promise<T>;
  stageSeconds: { [stage: string]: number };
}

/** The records and outputs of one asset that existed when the attempt began. */
export interface Existing {
  records: ListedRecord[];
  /** ETags of outputs that are there already, by key. */
  outputs: Map<string, string>;
}

/** Reads what earlier attempts left in the dataset; empty for a task that writes nothing. */
export async function readExisting({ store, operation, task }: AttemptParts, signal: AbortSignal): Promise<Existing> {
  if (task.outputUri === '') return { records: [], outputs: new Map() };
  const found: StoredObject[] = [];
  const readOutputs = forEachBounded(operation.outputPlaces(task), LOOKS_AT_ONCE, async (place) => {
    found.push(...(await readPlace(store, place, signal)));
  });
  const [records] = await Promise.all([
    listRecords(store, toDatasetPlaces(task.outputUri), task.taskId, signal),
    readOutputs,
  ]);
  return { records, outputs: new Map(found.map(({ key, etag }) => [key, etag])) };
}

async function readPlace(store: AttemptParts['store'], place: S3Place, signal: AbortSignal): Promise<StoredObject[]> {
  if (place.key.endsWith('/')) return (await Array.fromAsync(store.listAll(place.bucket, place.key, signal))).flat();
  try {
    const found = await store.head(place, signal);
    return found ? [found] : [];
  } catch (error) {
    // Perhaps the store cannot hold this name. A HEAD answer has no body that says so; the write will have one.
    if (isBadRequest(error)) return [];
    throw error;
  }
}

/** Returns the result that a record already gives for this task: a success, or any outcome that this job committed. */
export async function findCommitted(
  { store, task }: AttemptParts,
  { records }: Existing,
  signal: AbortSignal,
): Promise<TaskResult | undefined> {
  const mine = records.filter(({ fingerprint }) => fingerprint === task.fingerprint);
  mine.sort((a, b) => Number(b.outcome === 'succeeded') - Number(a.outcome === 'succeeded'));
  for (const { place, outcome } of mine) {
    const result = (await readRecord(store, place, signal))?.result;
    if (result && (outcome === 'succeeded' || result.jobId === task.jobId)) return adopt(result, task);
  }
  return undefined;
}

/** The facts about the asset that its record holds besides the product. */
export interface CommitFacts {
  outcome: Outcome;
  error?: CycloramaError;
  dependencies: Asset[];
  versions: { [part: string]: string };
}

/**
 * Uploads a product, commits the record, publishes the result. If another attempt was faster, its result is published
 * instead.
 */
export async function commit(
  parts: AttemptParts,
  existing: Existing,
  product: Product,
  facts: CommitFacts,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { store, bus, task, timed } = parts;
  if (task.outputUri === '') {
    const result = toResult(parts, { ...product, detail: { ...product.detail, report: product.report } }, facts, []);
    await publishResult(bus, result);
    return result;
  }
  const places = toDatasetPlaces(task.outputUri);
  try {
    const outputs = await timed('upload', () => upload(store, product.files, existing, signal));
    const result = toResult(parts, product, facts, outputs);
    const record = toRecord(parts, result, product, facts);
    const write = (seen: ListedRecord[]): Promise<TaskRecord> =>
      timed('commit', () => commitRecord(store, places, record, seen, signal));
    let committed = await write(existing.records);
    // The other attempt wrote its outputs before we looked and its record after that. Our outputs replaced them, so our
    // record must replace its record.
    if (differ(committed.result!.outputs, outputs))
      committed = await write(await listRecords(store, places, task.taskId, signal));
    if (committed === record) await removeOutdatedKept(store, places, existing, outputs, signal);
    const final = committed === record ? withoutLog(result) : adopt(committed.result!, task);
    await publishResult(bus, final);
    return final;
  } catch (error) {
    if (!(error instanceof CycloramaError) || error.reason !== 'precondition_failed') throw error;
    const now = await readExisting(parts, signal);
    const committed = await findCommitted(parts, now, signal);
    if (!committed) throw error;
    await publishResult(bus, committed);
    return committed;
  }
}

async function upload(
  store: ObjectStore,
  files: OutputFile[],
  { outputs }: Existing,
  signal: AbortSignal,
): Promise<Output[]> {
  const uploaded: Output[] = [];
  await forEachBounded(files, UPLOADS_AT_ONCE, async ({ place, content, contentType }) => {
    const etag = outputs.get(place.key);
    const condition = conditionOf(etag === undefined ? undefined : { etag });
    const written = await store.write(place, content, { condition, contentType }, signal);
    uploaded.push({ uri: toS3Uri(place), ...written, sizeBytes: BigInt(written.sizeBytes) });
  });
  return uploaded.sort((a, b) => (a.uri < b.uri ? -1 : 1));
}

/** Removes kept files of earlier failures that the new record does not list, also of attempts that left no record. */
async function removeOutdatedKept(
  store: ObjectStore,
  { bucket, keptFolder }: DatasetPlaces,
  existing: Existing,
  outputs: Output[],
  signal: AbortSignal,
): Promise<void> {
  const listed = new Set(outputs.map(({ uri }) => uri));
  const kept = [...existing.outputs.keys()].filter((key) => key.startsWith(keptFolder)).map((key) => ({ bucket, key }));
  const outdated = kept.filter((place) => !listed.has(toS3Uri(place)));
  await forEachBounded(outdated, UPLOADS_AT_ONCE, (place) => store.remove(place, signal));
}

/** Returns whether two attempts left different content at one place. */
function differ(theirs: Output[], ours: Output[]): boolean {
  const hashes = new Map(theirs.map(({ uri, sha256 }) => [uri, sha256]));
  return ours.some(({ uri, sha256 }) => hashes.has(uri) && hashes.get(uri) !== sha256);
}

function toResult(
  { task, attempt, workerId, stageSeconds }: AttemptParts,
  product: Product,
  { outcome, error }: CommitFacts,
  outputs: Output[],
): TaskResult {
  const name = { assetId: task.taskId, fingerprint: task.fingerprint, outcome: outcomeWord(outcome) };
  return TaskResult.fromPartial({
    jobId: task.jobId,
    taskId: task.taskId,
    asset: task.asset,
    outcome,
    failure: error && toFailure(error),
    outputs,
    recordUri: task.outputUri === '' ? '' : toS3Uri(toDatasetPlaces(task.outputUri).record(name)),
    detail: product.detail,
    stageSeconds: { ...stageSeconds },
    workerId,
    attempt,
    endTime: new Date(),
    warnings: product.warnings,
  });
}

function toRecord(
  { task, operation, sandbox, device, version }: AttemptParts,
  result: TaskResult,
  { report, device: renderedOn }: Product,
  { dependencies, versions }: CommitFacts,
): TaskRecord {
  return TaskRecord.fromPartial({
    result,
    fingerprint: task.fingerprint,
    operation: operation.name,
    spec: task.spec,
    recipe: operation.recipe,
    dependencies,
    versions: { cyclorama: version, ...versions },
    sandbox,
    traceId: task.traceId,
    device: renderedOn ?? device,
    report,
  });
}

/** Turns a committed result into this task's; it counts as reused if another job committed it. */
function adopt(result: TaskResult, task: Task): TaskResult {
  return withoutLog({ ...result, jobId: task.jobId, reused: result.reused || result.jobId !== task.jobId });
}

/** Leaves the log tail out: only the record holds it. */
function withoutLog(result: TaskResult): TaskResult {
  return result.failure ? { ...result, failure: { ...result.failure, logTail: [] } } : result;
}
