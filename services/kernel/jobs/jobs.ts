import { randomBytes } from 'node:crypto';
import type { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { AssetSource as AssetSourceMessage, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Job, JobClass, JobState } from '../../../gen/cyclorama/job/v1/job.ts';
import { DriveOrder, JobEntry } from '../../../gen/cyclorama/job/v1/task.ts';
import { readEach } from '../bus/messages.ts';
import { driveSubject } from '../bus/topics.ts';
import type { Bus } from '../bus/types.ts';
import { claimDataset } from '../dataset/claim.ts';
import { canonicalJson, shortHash } from '../dataset/fingerprint.ts';
import { CycloramaError, toFailure } from '../failure.ts';
import type { Log } from '../process/log.ts';
import type { ObjectStore } from '../store/types.ts';
import { createJobRequests, requestIdReused } from './requests.ts';
import { areResultsKept, resultsGone } from './results.ts';
import { isEnded } from './state.ts';
import { parseStoredJob, printStoredJob, type StoredJob, toStoredJob } from './stored-job.ts';

/** No chain of jobs over jobs is followed further than this. */
const MAX_CHAIN = 16;
/** A change of a job is given up after this many lost races. */
const MAX_CHANGE_TRIES = 50;

/** A handler's request for a job, with all fields checked and defaults applied. */
export interface JobDraft {
  operation: string;
  source: AssetSource;
  /** The spec as protobuf JSON, without fields that have their default value. */
  spec: { [field: string]: unknown };
  /** The dataset's folder; empty if the job writes nothing. */
  outputUri: string;
  outputsBesideAssets: boolean;
  jobClass: JobClass;
  requestId: string;
  replace: boolean;
  retryOf: string;
  traceId: string;
  /** Only workers with a GPU may take its tasks. */
  requireGpu?: boolean;
}

/** Reads and changes jobs in the key-value store, and their requests in the output places. */
export interface Jobs {
  /** Stores a job and orders its drive; the same request_id with the same request gives the same job. */
  create(draft: JobDraft, signal?: AbortSignal): Promise<Job>;
  read(jobId: string): Promise<Job | undefined>;
  /** Like read, but throws job_not_found. */
  get(jobId: string): Promise<Job>;
  all(): Promise<Job[]>;
  watch(jobId: string, signal: AbortSignal): AsyncGenerator<Job>;
  /**
   * Cancels a job by compare-and-set. Its driver then stops and purges queued tasks (drive/drive.ts), and workers stop
   * running ones within ten seconds (watchJob in work/task-loop.ts).
   */
  cancel(jobId: string): Promise<Job>;
  /** Creates a new job for the failed assets of an ended one. */
  retry(jobId: string, requestId: string, traceId: string): Promise<Job>;
  /** Resumes every stored job of an output place that has not ended. */
  resume(outputUri: string, signal?: AbortSignal): Promise<Job[]>;
  /** Changes an entry by compare-and-set; `change` returns undefined to leave it. Ended jobs never change. */
  change(jobId: string, change: (entry: StoredJob) => StoredJob | undefined): Promise<StoredJob>;
  /** Notes the end of a job beside its stored request, so that nobody resumes it. */
  recordEnd(entry: StoredJob): Promise<void>;
  /** Orders the drive of a job that has not ended, unless an order exists. */
  order(job: Job): Promise<void>;
  /** Removes a job from the key-value store. */
  forget(jobId: string): Promise<void>;
}

/** Opens the jobs of a deployment. */
export function createJobs(bus: Bus, store: ObjectStore, log?: Pick<Log, 'warn'>): Jobs {
  const entries = bus.bucket('jobs');
  const requests = createJobRequests(store);

  const parse = (value: string, revision: bigint): StoredJob => withRevision(parseStoredJob(value), revision);

  async function readEntry(jobId: string): Promise<StoredJob | undefined> {
    const found = await entries.get(jobId);
    return found && parse(found.value, found.revision);
  }

  async function order(job: Job): Promise<void> {
    // The server refuses a second order for the job.
    await bus.publish(driveSubject(job.operation, job.jobId), JSON.stringify(DriveOrder.toJSON({ jobId: job.jobId })));
  }

  /** Puts a job into the key-value store and orders its drive, or returns the existing job. */
  async function admit(entry: StoredJob): Promise<Job> {
    const { jobId } = entry.job;
    const revision = await entries.create(jobId, printStoredJob(entry));
    const stored = revision === undefined ? await readEntry(jobId) : withRevision(entry, revision);
    if (!stored) throw new CycloramaError('bus_unavailable', `job '${jobId}' cannot be stored`);
    if (stored.requestHash !== entry.requestHash) throw requestIdReused(jobId);
    if (!isEnded(stored.job.state)) await order(stored.job);
    return stored.job;
  }

  async function get(jobId: string): Promise<Job> {
    const entry = await readEntry(jobId);
    if (!entry) throw new CycloramaError('job_not_found', `there is no job '${jobId}'`);
    return entry.job;
  }

  /** Returns the source at the root of a chain of jobs; undefined if `source` is no job or the chain is broken. */
  async function rootOf({ source }: AssetSource, depth = 0): Promise<AssetSource | undefined> {
    if (source?.$case !== 'job' || depth === MAX_CHAIN) return undefined;
    const before = await readEntry(source.value.jobId);
    // Jobs of before this field note no source: the chain is followed through them.
    return before && (before.namingSource ?? (await rootOf(before.job.source, depth + 1)) ?? before.job.source);
  }

  const jobs: Jobs = {
    async create(draft, signal) {
      const requestHash = hashRequest(draft);
      const jobId =
        draft.requestId === '' ? randomBytes(16).toString('hex') : shortHash(`${draft.operation}\n${draft.requestId}`);
      const known = await readEntry(jobId);
      if (known && known.requestHash !== requestHash) throw requestIdReused(jobId);
      const entry = known ?? { ...toEntry(draft, jobId, requestHash), namingSource: await rootOf(draft.source) };
      if (!known && draft.outputUri !== '') {
        await claimDataset(store, draft, signal);
        await requests.store(entry, signal);
      }
      return admit(entry);
    },

    async read(jobId) {
      return (await readEntry(jobId))?.job;
    },

    get,

    async all() {
      return readEach(await entries.all(), ({ value, revision }) => parse(value, revision).job, log);
    },

    async *watch(jobId, signal) {
      await get(jobId);
      for await (const { value, revision } of entries.watch(jobId, signal)) {
        const { job } = parse(value, revision);
        yield job;
        if (isEnded(job.state)) return;
      }
      if (!signal.aborted) throw new CycloramaError('job_not_found', `job '${jobId}' was forgotten`);
    },

    // Only the state changes here; everyone who works on the job watches it.
    async cancel(jobId) {
      const ended = await jobs.change(jobId, (entry) => {
        const counts = entry.job.counts;
        const left = counts.total - counts.succeeded - counts.failed - counts.skipped;
        const cancelled = { ...counts, cancelled: left > 0n ? left : 0n };
        return endEntry(entry, { state: JobState.JOB_STATE_CANCELLED, counts: cancelled });
      });
      await jobs.recordEnd(ended);
      return ended.job;
    },

    async retry(jobId, requestId, traceId) {
      const before = await get(jobId);
      if (!isEnded(before.state))
        throw new CycloramaError('job_not_ended', `job '${jobId}' has not ended; cancel it or wait`);
      if (!areResultsKept(before)) throw resultsGone(before);
      return jobs.create({
        operation: before.operation,
        source: { source: { $case: 'job', value: { jobId, outcomes: [Outcome.OUTCOME_FAILED] } } },
        spec: before.spec ?? {},
        outputUri: before.outputUri,
        outputsBesideAssets: before.outputsBesideAssets,
        jobClass: JobClass.JOB_CLASS_BATCH,
        requestId,
        replace: false,
        retryOf: jobId,
        traceId,
        requireGpu: before.requireGpu,
      });
    },

    async resume(outputUri, signal) {
      const onUnreadable = (request: string): void =>
        log?.warn({ request }, 'stored request cannot be read or is of another place: its job is not resumed');
      const resumed: Job[] = [];
      let refusal: CycloramaError | undefined;
      for (const entry of await requests.readUnended(outputUri, onUnreadable, signal)) {
        try {
          resumed.push(await admit(entry));
        } catch (error) {
          if (!(error instanceof CycloramaError) || error.reason !== 'request_id_reused') throw error;
          log?.warn({ job: entry.job.jobId }, 'its request_id has made another job since: this one is not resumed');
          refusal ??= error;
        }
      }
      if (resumed.length === 0 && refusal) throw refusal;
      return resumed;
    },

    async change(jobId, change) {
      for (let tries = 0; tries < MAX_CHANGE_TRIES; tries++) {
        const entry = await readEntry(jobId);
        if (!entry) throw new CycloramaError('job_not_found', `there is no job '${jobId}'`);
        const changed = isEnded(entry.job.state) ? undefined : change(entry);
        if (changed === undefined) return entry;
        const revision = await entries.update(jobId, printStoredJob(changed), entry.job.revision);
        if (revision !== undefined) return withRevision(changed, revision);
      }
      throw new CycloramaError('bus_unavailable', `job '${jobId}' changed under us ${MAX_CHANGE_TRIES} times in a row`);
    },

    order,

    forget: (jobId) => entries.remove(jobId),

    recordEnd: requests.recordEnd,
  };
  return jobs;
}

/** Hashes the parts that make two requests the same. */
function hashRequest({ operation, source, spec, outputUri, retryOf, requireGpu }: JobDraft): string {
  const parts = [operation, AssetSourceMessage.toJSON(source), spec, outputUri, retryOf];
  return shortHash(canonicalJson([...parts, ...(requireGpu ? ['require_gpu'] : [])]));
}

/** Makes the first entry of a drafted job. */
export function toEntry(draft: JobDraft, jobId: string, requestHash: string): StoredJob {
  const { operation, source, spec, outputUri, outputsBesideAssets, jobClass, retryOf, traceId, requireGpu } = draft;
  const job = Job.fromPartial({
    jobId,
    operation,
    source,
    spec,
    outputUri,
    outputsBesideAssets,
    jobClass,
    retryOf,
    traceId,
    requireGpu: requireGpu ?? false,
    state: JobState.JOB_STATE_PLANNING,
    counts: {},
    createTime: new Date(),
  });
  return toStoredJob(JobEntry.fromPartial({ job, requestHash, generation: 1, retryFailed: retryOf !== '' }));
}

/** Marks an entry as failed for a reason that concerns the whole job. */
export function failEntry(entry: StoredJob, error: CycloramaError): StoredJob {
  return endEntry(entry, { state: JobState.JOB_STATE_FAILED, failure: toFailure(error) });
}

/** Ends the entry of a job that has not done all its work. */
function endEntry(entry: StoredJob, end: Partial<StoredJob['job']>): StoredJob {
  return { ...entry, job: { ...entry.job, warnings: [], endTime: new Date(), ...end } };
}

function withRevision(stored: StoredJob, revision: bigint): StoredJob {
  return { ...stored, job: { ...stored.job, revision } };
}
