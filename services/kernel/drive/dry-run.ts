import type { JobPlan } from '../../../gen/cyclorama/job/v1/job.ts';
import { checkClaim } from '../dataset/claim.ts';
import { toDatasetPlaces } from '../dataset/places.ts';
import { loadRecordSet, type RecordSet } from '../dataset/record-set.ts';
import { type JobDraft, toEntry } from '../jobs/jobs.ts';
import { countResult } from '../jobs/state.ts';
import type { StoredJob } from '../jobs/stored-job.ts';
import { readSource, type SourceParts, UnsortedSource } from '../sources/source.ts';
import type { ObjectStore } from '../store/types.ts';
import { planAsset } from './plan.ts';

/** The stores and the source that a dry run reads. */
export interface DryRunParts {
  store: Pick<ObjectStore, 'read' | 'listAll'>;
  source: SourceParts;
  /** Recipe version of the operation. */
  recipe: number;
}

/** Answers what a job would do, by the decisions of the planner itself, and changes nothing. */
export async function dryRun(parts: DryRunParts, draft: JobDraft, signal: AbortSignal): Promise<JobPlan> {
  const entry = toEntry(draft, 'dry-run', '');
  let records: RecordSet | undefined;
  if (draft.outputUri !== '') {
    await checkClaim(parts.store, draft, signal);
    records = await loadRecordSet(parts.store, toDatasetPlaces(draft.outputUri), signal);
  }
  try {
    return await countPlan(parts, entry, records, signal);
  } catch (error) {
    if (!(error instanceof UnsortedSource)) throw error;
    return countPlan(parts, { ...entry, unsorted: true }, records, signal);
  }
}

async function countPlan(
  { source, recipe }: DryRunParts,
  entry: StoredJob,
  records: RecordSet | undefined,
  signal: AbortSignal,
): Promise<JobPlan> {
  // Output names do not decide which assets are done.
  const naming = { folder: '', suffixes: [] };
  const counts = { total: 0n, succeeded: 0n, failed: 0n, skipped: 0n, cancelled: 0n, reused: 0n };
  const plan = { counts, totalBytes: 0n, pendingBytes: 0n };
  for await (const { assets } of readSource(source, entry, 0, signal)) {
    signal.throwIfAborted();
    for (const asset of assets) {
      const step = planAsset(entry, recipe, naming, records, asset);
      counts.total++;
      plan.totalBytes += asset.sizeBytes;
      if (step.kind === 'queue') plan.pendingBytes += asset.sizeBytes;
      else countResult(counts, step.result.outcome, true);
    }
  }
  return plan;
}
