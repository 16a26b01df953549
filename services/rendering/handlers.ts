import type { AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass, type JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import { RenderingServiceService, RenderReport } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { HDR_HEAD_BYTES, looksLikeHdr, MAX_HDR_BYTES, toHdrVersion } from '../images/hdr.ts';
import { normaliseOutputUri } from '../kernel/dataset/places.ts';
import { type CycloramaError, type FieldViolation, invalidRequest } from '../kernel/failure.ts';
import type { RunInteractive } from '../kernel/jobs/interactive.ts';
import type { JobDraft, Jobs } from '../kernel/jobs/jobs.ts';
import { bindService } from '../kernel/rpc/service.ts';
import { checkSource } from '../kernel/sources/check-source.ts';
import type { ObjectStore } from '../kernel/store/types.ts';
import { parseObjectUri, parseS3Uri } from '../kernel/uri.ts';
import { checkSpec } from './check-spec.ts';
import { toSpecJson } from './spec.ts';
import { renderingOperation } from './tasks.ts';

const MAX_METADATA_BYTES = 4 * 1024 ** 2;

/** The jobs and the store behind the rendering service. */
export interface RenderingParts {
  jobs: Pick<Jobs, 'create'>;
  store: Pick<ObjectStore, 'checkBucket' | 'head' | 'read'>;
  runInteractive: RunInteractive;
  requireGpu: () => Promise<void>;
  dryRun: (draft: JobDraft, signal: AbortSignal) => Promise<JobPlan>;
}

/** The fields that both methods have. */
interface Wanted {
  source: AssetSource | undefined;
  spec: RenderSpec | undefined;
  outputUri: string;
  requestId: string;
  requireGpu: boolean;
}

/** Makes the RPCs of the rendering service. */
export function renderingService({ jobs, store, runInteractive, requireGpu, dryRun }: RenderingParts) {
  return bindService(RenderingServiceService, {
    async renderAsset({ uri, ...request }, context) {
      parseObjectUri(uri, 'uri');
      const source: AssetSource = { source: { $case: 'list', value: { uris: [uri] } } };
      const draft = await toDraft({ source, ...request }, context.traceId, context.signal);
      if (request.requireGpu) await requireGpu();
      const interactive = { ...draft, jobClass: JobClass.JOB_CLASS_INTERACTIVE };
      const { job, result, report } = await runInteractive(interactive, context);
      const metadata = result.outputs.find((output) => output.uri.endsWith('/metadata.json'));
      const place = metadata && parseObjectUri(metadata.uri, 'outputs.uri');
      const found = place && (await store.read(place, MAX_METADATA_BYTES, context.signal));
      return {
        jobId: job.jobId,
        outputs: result.outputs,
        report: RenderReport.fromJSON(report),
        metadataText: found?.body.toString('utf8') ?? '',
      };
    },

    async createRenderJob({ replace, dryRun: dry, ...request }, { traceId, signal }) {
      const draft = { ...(await toDraft(request, traceId, signal)), replace };
      if (dry) return { job: undefined, plan: await dryRun(draft, signal) };
      if (request.requireGpu) await requireGpu();
      return { job: await jobs.create(draft, signal), plan: undefined };
    },
  });

  async function toDraft(wanted: Wanted, traceId: string, signal: AbortSignal): Promise<JobDraft> {
    const { source, requestId, requireGpu: needsGpu } = wanted;
    const { buckets } = checkSource(source, requestId);
    for (const bucket of buckets) store.checkBucket(bucket);
    const spec = wanted.spec ?? RenderSpec.fromPartial({});
    const violations = checkSpec(spec);
    if (wanted.outputUri === '')
      violations.push({ field: 'output_uri', description: 'is empty; expected s3://bucket/prefix/ for the images' });
    if (violations.length > 0) throw invalidRequest(...violations);
    const outputUri = normaliseOutputUri(wanted.outputUri);
    store.checkBucket(parseS3Uri(outputUri, 'output_uri').bucket);
    return {
      operation: renderingOperation.name,
      source: source!,
      spec: toSpecJson(await withHdrEtag(spec, signal)),
      outputUri,
      outputsBesideAssets: false,
      jobClass: JobClass.JOB_CLASS_BATCH,
      requestId,
      replace: false,
      retryOf: '',
      traceId,
      requireGpu: needsGpu,
    };
  }

  /** Adds the ETag of the environment image, so that other content makes another spec. */
  async function withHdrEtag(spec: RenderSpec, signal: AbortSignal): Promise<RenderSpec> {
    const { lighting } = spec;
    if (!lighting) return spec;
    const { hdrUri } = lighting;
    if (hdrUri === '') return { ...spec, lighting: { ...lighting, hdrEtag: '' } };
    const place = parseObjectUri(hdrUri, 'spec.lighting.hdr_uri');
    store.checkBucket(place.bucket);
    const found = await store.head(place, signal);
    if (!found) throw wrongHdr(`'${hdrUri}' does not exist`);
    if (found.sizeBytes > MAX_HDR_BYTES)
      throw wrongHdr(`'${hdrUri}' has ${found.sizeBytes} bytes; expected at most ${MAX_HDR_BYTES}`);
    const range = { start: 0, end: HDR_HEAD_BYTES, etag: found.etag };
    const head = found.sizeBytes < HDR_HEAD_BYTES ? undefined : await store.read(place, HDR_HEAD_BYTES, signal, range);
    if (!head || !looksLikeHdr(head.body)) throw wrongHdr(`'${hdrUri}' is no .hdr or .exr image`);
    return { ...spec, lighting: { ...lighting, hdrEtag: toHdrVersion(found) } };
  }
}

function wrongHdr(description: string): CycloramaError {
  const violation: FieldViolation = { field: 'spec.lighting.hdr_uri', description };
  return invalidRequest(violation);
}
