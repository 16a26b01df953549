import { toDatasetPlaces } from '../dataset/places.ts';
import { CycloramaError } from '../failure.ts';
import type { ObjectStore } from '../store/types.ts';
import { parseFolderUri, type S3Place, toS3Uri } from '../uri.ts';
import { isEnded } from './state.ts';
import { parseStoredJob, printStoredJob, type StoredJob } from './stored-job.ts';

const MAX_JOB_BYTES = 8 * 1024 ** 2;
const JSON_TYPE = 'application/json';

/** Keeps the requests of jobs in their output places, where NATS cannot lose them. */
export interface JobRequests {
  /** Stores the request of a new job; throws `request_id_reused` if another request has its place. */
  store(entry: StoredJob, signal?: AbortSignal): Promise<void>;
  /** Notes the end of a job beside its request, so that nobody resumes it. */
  recordEnd(entry: StoredJob): Promise<void>;
  /** Reads the stored jobs of an output place that have not ended; throws `no_jobs_to_resume` if there are none. */
  readUnended(outputUri: string, onUnreadable: (uri: string) => void, signal?: AbortSignal): Promise<StoredJob[]>;
}

/** Opens the stored requests of jobs. */
export function createJobRequests(store: Pick<ObjectStore, 'write' | 'read' | 'listAll' | 'checkBucket'>): JobRequests {
  return {
    async store(entry, signal) {
      const place = placeOf(entry);
      try {
        await store.write(place, print(entry), { condition: { ifAbsent: true }, contentType: JSON_TYPE }, signal);
      } catch (error) {
        if (!(error instanceof CycloramaError) || error.reason !== 'precondition_failed') throw error;
        const found = await store.read(place, MAX_JOB_BYTES, signal);
        const stored = found && parseStoredJob(found.body.toString('utf8'));
        if (stored && stored.requestHash !== entry.requestHash) throw requestIdReused(toS3Uri(place));
      }
    },

    async recordEnd(entry) {
      if (entry.job.outputUri === '') return;
      await store.write(placeOf(entry), print(entry), { condition: 'always', contentType: JSON_TYPE });
    },

    async readUnended(outputUri, onUnreadable, signal) {
      const { bucket } = parseFolderUri(outputUri, 'output_uri');
      store.checkBucket(bucket);
      const { jobsPrefix } = toDatasetPlaces(outputUri);
      const unended: StoredJob[] = [];
      const unreadable: string[] = [];
      for await (const page of store.listAll(bucket, jobsPrefix, signal)) {
        for (const { key } of page) {
          const found = await store.read({ bucket, key }, MAX_JOB_BYTES, signal);
          const stored = found && parse(found.body, { bucket, key });
          if (stored && !isEnded(stored.job.state)) unended.push(stored);
          if (!found || stored) continue;
          unreadable.push(key);
          onUnreadable(toS3Uri({ bucket, key }));
        }
      }
      if (unended.length > 0) return unended;
      const but = unreadable.length > 0 ? `, readable and of this place; these are not: ${unreadable.join(', ')}` : '';
      throw new CycloramaError(
        'no_jobs_to_resume',
        `'${outputUri}' holds no request of an unended job; expected ${jobsPrefix}*.json${but}`,
      );
    },
  };
}

function placeOf({ job }: StoredJob): S3Place {
  return toDatasetPlaces(job.outputUri).job(job.jobId);
}

function print(entry: StoredJob): string {
  return `${printStoredJob(entry, 1)}\n`;
}

/**
 * Reads a stored request; undefined if it is damaged, or belongs to another place because somebody copied the dataset.
 */
function parse(body: Buffer, { bucket, key }: S3Place): StoredJob | undefined {
  try {
    const stored = parseStoredJob(body.toString('utf8'));
    const own = placeOf(stored);
    return own.bucket === bucket && own.key === key ? stored : undefined;
  } catch {
    return undefined;
  }
}

/** Says that another request made the job. */
export function requestIdReused(job: string): CycloramaError {
  return new CycloramaError(
    'request_id_reused',
    `this request_id made job '${job}' from another request; expected the same request or a new request_id`,
  );
}
