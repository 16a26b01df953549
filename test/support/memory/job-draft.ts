import type { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass } from '../../../gen/cyclorama/job/v1/job.ts';
import type { JobDraft } from '../../../services/kernel/jobs/jobs.ts';

/** Every asset below a prefix. */
export function prefixSource(prefixUri: string, limit = 0n): AssetSource {
  return { source: { $case: 'prefix', value: { prefixUri, suffixes: [], limit } } };
}

export function listSource(...uris: string[]): AssetSource {
  return { source: { $case: 'list', value: { uris } } };
}

/** What a handler would ask for: an analysis as a batch, with everything else at its default. */
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
