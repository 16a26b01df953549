import type { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type Job, JobClass, type JobPlan } from '../../../gen/cyclorama/job/v1/job.ts';
import { normaliseOutputUri } from '../dataset/places.ts';
import { type FieldViolation, invalidRequest } from '../failure.ts';
import type { Answer } from '../jobs/interactive.ts';
import type { JobDraft } from '../jobs/jobs.ts';
import type { CallContext } from '../rpc/types.ts';
import { checkSource } from '../sources/check-source.ts';
import { parseObjectUri, parseS3Uri } from '../uri.ts';
import type { OperationKernel } from './kernel.ts';

/** The fields that the requests of all operations have. */
export interface WorkRequest<Spec> {
  source: AssetSource | undefined;
  spec: Spec | undefined;
  /** The dataset's folder; empty if the operation chooses the place or writes nothing. */
  outputUri: string;
  requestId: string;
  requireGpu?: boolean;
}

/** An operation's part in its requests: what a spec may hold, and where outputs may go. */
export interface RequestRules<Spec> {
  /** The operation, which is also the name of its queue. */
  operation: string;
  /** Names the wrong fields of a request; `isJob` is false for a synchronous call. */
  check(request: WorkRequest<Spec>, isJob: boolean): FieldViolation[];
  /** Writes the spec as protobuf JSON without fields that have their default value. */
  toSpecJson(spec: Spec | undefined, signal: AbortSignal): JobDraft['spec'] | Promise<JobDraft['spec']>;
  /** The folder of a request without `output_uri` whose outputs lie beside their assets; undefined if it has none. */
  folderBesideAssets?(request: WorkRequest<Spec>): string | undefined;
}

/** The one way from a request to its job. */
export interface Requests<Spec> {
  /** Runs the operation on one asset inside the call, and returns its result. */
  runOne(request: Omit<WorkRequest<Spec>, 'source'> & { uri: string }, context: CallContext): Promise<Answer>;
  /** Creates a job, or with `dryRun` answers what it would do. */
  create(
    request: WorkRequest<Spec> & { replace: boolean; dryRun: boolean },
    context: Pick<CallContext, 'traceId' | 'signal'>,
  ): Promise<{ job: Job | undefined; plan: JobPlan | undefined }>;
}

/** The parts of a service's kernel that its requests need. */
export type RequestParts = Pick<OperationKernel, 'jobs' | 'store' | 'runInteractive' | 'requireGpu' | 'dryRun'>;

/** Makes the request path of a service: every check, default and permission stands here once. */
export function createRequests<Spec>(
  { jobs, store, runInteractive, requireGpu, dryRun }: RequestParts,
  { operation, check, toSpecJson, folderBesideAssets }: RequestRules<Spec>,
): Requests<Spec> {
  async function toDraft(
    request: WorkRequest<Spec>,
    jobClass: JobClass,
    { traceId, signal }: Pick<CallContext, 'traceId' | 'signal'>,
  ): Promise<JobDraft> {
    const { source, spec, requestId } = request;
    const { buckets } = checkSource(source, requestId);
    for (const bucket of buckets) store.checkBucket(bucket);
    const violations = check(request, jobClass === JobClass.JOB_CLASS_BATCH);
    if (violations.length > 0) throw invalidRequest(...violations);
    const beside = request.outputUri === '' ? folderBesideAssets?.(request) : undefined;
    const outputUri = beside ?? normaliseOutputUri(request.outputUri);
    if (outputUri !== '') store.checkBucket(parseS3Uri(outputUri, 'output_uri').bucket);
    return {
      operation,
      source: source!,
      spec: await toSpecJson(spec, signal),
      outputUri,
      outputsBesideAssets: beside !== undefined,
      jobClass,
      requestId,
      replace: false,
      retryOf: '',
      traceId,
      requireGpu: request.requireGpu ?? false,
    };
  }

  return {
    async runOne({ uri, ...request }, context) {
      parseObjectUri(uri, 'uri');
      const source: AssetSource = { source: { $case: 'list', value: { uris: [uri] } } };
      const draft = await toDraft({ source, ...request }, JobClass.JOB_CLASS_INTERACTIVE, context);
      if (draft.requireGpu) await requireGpu();
      return runInteractive(draft, context);
    },

    async create({ replace, dryRun: dry, ...request }, context) {
      const draft = { ...(await toDraft(request, JobClass.JOB_CLASS_BATCH, context)), replace };
      if (dry) return { job: undefined, plan: await dryRun(draft, context.signal) };
      if (draft.requireGpu) await requireGpu();
      return { job: await jobs.create(draft, context.signal), plan: undefined };
    },
  };
}
