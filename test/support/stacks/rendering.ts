import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StackOptions } from '../../../cli/stack/stack.ts';
import type { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import type { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import {
  CreateRenderJobRequest,
  RenderAssetRequest,
  type RenderAssetResponse,
  RenderingServiceClient,
} from '../../../gen/cyclorama/rendering/v1/rendering.ts';
import { RenderSpec } from '../../../gen/cyclorama/rendering/v1/spec.ts';
import { callUnary, createClient } from '../../../services/kernel/rpc/client.ts';
import { FaultStack } from './faults.ts';

const CALL_MS = 120_000;

/** A spec that takes little time. */
export const SMALL = RenderSpec.fromPartial({ width: 96, samples: 1 });

type Limits = Parameters<typeof callUnary>[3];

/** A local stack with everything real, and clients of the rendering service. */
export class RenderingStack {
  readonly faults: FaultStack;
  readonly client: RenderingServiceClient;

  private constructor(faults: FaultStack) {
    this.faults = faults;
    this.client = createClient(RenderingServiceClient, faults.stack.endpoints.rendering);
  }

  static async create(replicas: NonNullable<StackOptions['replicas']> = {}, env: Record<string, string> = {}) {
    return new RenderingStack(await FaultStack.create(replicas, () => env));
  }

  /** Renders one asset in a call. */
  render(uri: string, outputUri: string, change: Partial<RenderAssetRequest> = {}, limits: Partial<Limits> = {}) {
    const request = { ...RenderAssetRequest.fromPartial({ uri, outputUri, spec: SMALL }), ...change };
    const within = { deadlineMs: Date.now() + CALL_MS, ...limits };
    return callUnary(this.client, this.client.renderAsset, request, within) as Promise<RenderAssetResponse>;
  }

  /** Creates a job over a prefix. */
  async renderAll(prefixUri: string, outputUri: string, change: Partial<CreateRenderJobRequest> = {}): Promise<Job> {
    const source: AssetSource = { source: { $case: 'prefix', value: { prefixUri, suffixes: [], limit: 0n } } };
    const request = { ...CreateRenderJobRequest.fromPartial({ source, outputUri, spec: SMALL }), ...change };
    const limits = { deadlineMs: Date.now() + CALL_MS };
    return (await callUnary(this.client, this.client.createRenderJob, request, limits)).job!;
  }

  async close(): Promise<void> {
    this.client.close();
    await this.faults.close();
  }
}

/** Reads one of the sample assets. */
export function sample(name: string): Buffer {
  return readFileSync(fileURLToPath(new URL(`../../../samples/${name}`, import.meta.url)));
}
