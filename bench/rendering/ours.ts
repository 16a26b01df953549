import type { Connection } from '../../cli/connect/connection.ts';
import { followJob } from '../../cli/job/follow.ts';
import { CreateRenderJobRequest, RenderingServiceClient } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';

/** The bucket that every way renders from and into. */
export const BUCKET = 'bench';
const CALL_MS = 60_000;

/** Our service with a warm Blender. */
export interface Service {
  /** Renders the assets into a new place; returns the seconds from the call to the end of the job. */
  run(keys: string[], place: string): Promise<number>;
  /** Returns the seconds of all assets so far, by stage. */
  stages(): Map<string, number[]>;
}

/**
 * Opens the rendering service of a connection; every job renders at 512 x 512 with these samples and the fast denoiser.
 */
export async function openService(connection: Connection, samples: number, signal: AbortSignal): Promise<Service> {
  const client = await connection.client(RenderingServiceClient, 'rendering');
  const jobs = await connection.jobs();
  const stages = new Map<string, number[]>();
  return {
    async run(keys, place) {
      const request = CreateRenderJobRequest.fromJSON({
        source: { list: { uris: keys.map((key) => `s3://${BUCKET}/${key}`) } },
        spec: { samples, denoising: 'DENOISING_FAST' },
        outputUri: `s3://${BUCKET}/${place}/`,
      });
      const start = performance.now();
      const { job } = await callUnary(client, client.createRenderJob, request, {
        deadlineMs: Date.now() + CALL_MS,
        signal,
      });
      const onResult = ({ stageSeconds }: { stageSeconds: { [stage: string]: number } }): void => {
        for (const [stage, seconds] of Object.entries(stageSeconds)) {
          stages.set(stage, [...(stages.get(stage) ?? []), seconds]);
        }
      };
      const ended = await followJob(jobs, job!.jobId, { onResult }, signal);
      if (ended.counts?.succeeded !== BigInt(keys.length)) {
        throw new Error(`job '${job!.jobId}' counts ${ended.counts?.succeeded} successes; expected ${keys.length}`);
      }
      return (performance.now() - start) / 1000;
    },
    stages: () => stages,
  };
}
