import type { AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { RenderingServiceClient } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import type { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';
import type { CommandContext } from '../connect/command-run.ts';
import { isS3Word } from '../files/source-word.ts';
import { runBatch } from '../job/batch.ts';
import type { LocalOutput } from '../job/local-results.ts';
import { printable } from '../terminal/printable.ts';
import { renderLines } from './console.ts';
import { showRenderPlan } from './plan.ts';
import { countImages } from './spec.ts';

/** The assets to render, their settings, and the place for the images. */
export type RenderTarget = ({ prefixUri: string; suffixes: string[]; limit: number } | { uris: string[] }) & {
  spec: RenderSpec;
  output: LocalOutput;
  /** Returns the name of an asset on the console; by default its key. */
  nameOf?: (uri: string) => string;
};

/** Job options of the command line. */
export interface RenderJobOptions {
  requestId?: string;
  requireGpu?: boolean;
  replace?: boolean;
  dryRun?: boolean;
  detach?: boolean;
  failOnError?: boolean;
}

/** Starts a rendering and shows it to its end, or only its plan; returns the exit status. */
export async function renderMany(
  context: CommandContext,
  { requestId = '', requireGpu = false, replace = false, dryRun, detach, failOnError = false }: RenderJobOptions,
  { spec, output, nameOf, ...wanted }: RenderTarget,
): Promise<number> {
  const { connection } = context;
  const client = await connection.client(RenderingServiceClient, 'rendering');
  const request = { source: toSource(wanted), spec, outputUri: output.uri, requestId, replace, requireGpu };
  return runBatch(
    context,
    await connection.jobs('rendering'),
    {
      create: (isDry, limits) => callUnary(client, client.createRenderJob, { ...request, dryRun: isDry }, limits),
      showPlan: (calls, plan) => showRenderPlan(context, calls, spec, plan),
      output,
    },
    {
      resultLines: (result, index, total) => renderLines(result, index, total, nameOf),
      imagesPerAsset: countImages(spec),
      failOnError,
      dryRun,
      detach,
      announce: true,
    },
  );
}

/** Writes where the images, the contact sheet and the report of a rendering are: a URI or a folder. */
export function resultsRemark(where: string, serverWords: string): string {
  const folder = printable(where.endsWith('/') ? where : `${where}/`);
  const look = isS3Word(where) ? `npx cyclorama sheet ${folder}${serverWords}` : `${folder}index.html, in a browser`;
  return [`images   ${folder}`, `sheet    ${look}`, `report   ${folder}report.md`]
    .map((line) => `  ${line}`)
    .join('\n');
}

function toSource(wanted: { prefixUri: string; suffixes: string[]; limit: number } | { uris: string[] }): AssetSource {
  if ('uris' in wanted) return { source: { $case: 'list', value: { uris: wanted.uris } } };
  return { source: { $case: 'prefix', value: { ...wanted, limit: BigInt(wanted.limit) } } };
}
