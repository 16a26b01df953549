import type { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass } from '../../../gen/cyclorama/job/v1/job.ts';
import type { JobDraft } from '../../../services/kernel/jobs/jobs.ts';

/** Makes the source of all assets below a prefix. */
export function prefixSource(prefixUri: string, limit = 0n): AssetSource {
  return { source: { $case: 'prefix', value: { prefixUri, suffixes: [], limit } } };
}

/** Makes the source of named assets. */
export function listSource(...uris: string[]): AssetSource {
  return { source: { $case: 'list', value: { uris } } };
}

/** Makes the draft of a batch analysis, with all other fields at their default. */
export function jobDraft(source: AssetSource, outputUri: string, change: Partial<JobDraft> = {}): JobDraft {
  return {
    operation: 'analysis',
    source,
    spec: {},
    outputUri,
    outputsBesideAssets: false,
    jobClass: JobClass.JOB_CLASS_BATCH,
    requestId: '',
    replace: false,
    retryOf: '',
    traceId: '0123456789abcdef0123456789abcdef',
    ...change,
  };
}
