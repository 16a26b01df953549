import { RenderingServiceService, RenderReport } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { HDR_HEAD_BYTES, looksLikeHdr, MAX_HDR_BYTES, toHdrVersion } from '../images/hdr.ts';
import { type CycloramaError, type FieldViolation, invalidRequest } from '../kernel/failure.ts';
import { bindService } from '../kernel/rpc/service.ts';
import { createRequests, type RequestParts } from '../kernel/service/requests.ts';
import { parseObjectUri } from '../kernel/uri.ts';
import { checkSpec } from './check-spec.ts';
import { toSpecJson } from './spec.ts';
import { renderingOperation } from './tasks.ts';

const DEFAULT_SPEC = RenderSpec.fromPartial({});
const MAX_METADATA_BYTES = 4 * 1024 ** 2;

/** Makes the RPCs of the rendering service. */
export function renderingService(kernel: RequestParts) {
  const { store } = kernel;
  const requests = createRequests<RenderSpec>(kernel, {
    operation: renderingOperation.name,
    check({ spec, outputUri }) {
      const violations = checkSpec(spec ?? DEFAULT_SPEC);
      if (outputUri === '')
        violations.push({ field: 'output_uri', description: 'is empty; expected s3://bucket/prefix/ for the images' });
      return violations;
    },
    toSpecJson: async (spec, signal) => toSpecJson(await withHdrEtag(spec ?? DEFAULT_SPEC, signal)),
  });

  return bindService(RenderingServiceService, {
    async renderAsset(request, context) {
      const { job, result, report } = await requests.runOne(request, context);
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

    createRenderJob: requests.create,
  });

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
