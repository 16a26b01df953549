import { type Command, Option } from 'commander';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { shortHash } from '../../services/kernel/dataset/fingerprint.ts';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { withLocalSource } from '../files/local-source.ts';
import {
  checkOutputFolder,
  folderOutput,
  isPrefixWord,
  isS3Word,
  needsPrefix,
  readSourceWord,
} from '../files/source-word.ts';
import { readLocalOutput } from '../job/local-results.ts';
import { type RenderTarget, renderMany, resultsRemark } from '../rendering/many.ts';
import { withImageOptions } from '../rendering/options.ts';
import { type SpecOptions, toRenderSpec } from '../rendering/spec.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { collect, parseCount } from '../terminal/option-values.ts';

/** Formats that the services read. From a local folder `render` takes all of them by default. */
const SUFFIXES = ['.glb', '.gltf', '.obj', '.fbx', '.ply', '.stl', '.blend'];

/** Options of `render`; the demo gives only the output. */
export interface RenderOptions extends ServerOptions, SpecOptions {
  output?: string;
  prefix?: boolean;
  suffix?: string[];
  limit?: number;
  requestId?: string;
  requireGpu?: boolean;
  replace?: boolean;
  dryRun?: boolean;
  detach?: boolean;
  failOnError?: boolean;
}

/** Adds `cyclorama render`. */
export function register(program: Command): void {
  const command = program
    .command('render')
    .description('render assets: textured, normal, depth and edge images, metadata and a contact sheet')
    .argument('<source>', 's3://bucket/key of an asset, s3://bucket/prefix/ ending with a slash, a file or a folder')
    .option('--output <dir-or-uri>', 's3://bucket/prefix/ of the dataset; a folder, for local sources')
    .option('--prefix', 'take the URI as a prefix though it does not end with a slash')
    .option('--suffix <suffix>', 'accepted ending, repeatable (default: .glb; every format for local folders)', collect)
    .option('--limit <n>', 'at most this many assets', parseCount)
    .option('--watch', 'follow the job to its end (the default)')
    .addOption(new Option('--detach', 'buckets only: print the job id and return').conflicts('watch'))
    .option(
      '--dry-run',
      'buckets only: show the number of assets, how many are done and the expected time; start nothing',
    )
    .option('--require-gpu', 'use only workers with a GPU; refused if there are workers and none has a GPU')
    .option('--request-id <id>', 'makes the call safe to repeat: the same id gives the same job')
    .option('--replace', "take over an output place that holds another spec's dataset")
    .option('--fail-on-error', `exit with ${EXIT.assetsFailed} when an asset failed`)
    .action(action<RenderOptions>((context, options, [word]) => render(context, options, word!)));
  withImageOptions(withServer(command));
  addExamples(command, [
    ['render s3://samples/ --output s3://rendered/samples/', 'all .glb below a prefix'],
    ['render s3://samples/ --output s3://rendered/samples/ --dry-run', 'the expected time'],
    ['render ./models --output ./images', 'a folder; index.html shows the images'],
    ['render ./chair.glb --output ./chair --views ring:8@30 --size 1024', 'one file from eight sides'],
    ['render s3://samples/ --output s3://rendered/depth/ --modalities depth --raw depth-exr', 'depth alone, exact'],
    ['render s3://samples/ --output s3://rendered/h100/ --preset training --require-gpu --detach', 'on GPUs'],
  ]);
}

/** Renders the assets that a word names; returns the exit status. */
export async function render(context: CommandContext, options: RenderOptions, word: string): Promise<number> {
  const source = await readSourceWord(word);
  const { output, suffix = [], limit = 0, dryRun, detach } = options;
  const spec = toRenderSpec(options);
  if (source.kind === 's3') {
    if (output === undefined) throw missingOutput('s3://bucket/prefix/');
    if (!isS3Word(output)) throw folderOutput(output);
    const target = isPrefixWord(source.uri, options.prefix)
      ? { prefixUri: source.uri, suffixes: suffix, limit }
      : { uris: [source.uri] };
    return renderMany(context, options, {
      ...target,
      spec,
      output: { uri: output, remark: resultsRemark(output, context.serverWords) },
    });
  }
  if (dryRun) throw needsPrefix('--dry-run');
  if (detach) throw needsPrefix('--detach');
  if (source.kind === 'file' && (output === undefined || isS3Word(output))) throw missingOutput('a folder');
  await checkOutputFolder(output);
  const query = { suffixes: suffix.length === 0 ? SUFFIXES : suffix, limit };
  return withLocalSource(context, source.path, query, (placed, store) => {
    const { prefixUri, suffixes, nameOf } = placed;
    const place = readLocalOutput(
      output,
      placed.outputUri(`rendering-${shortHash(JSON.stringify(RenderSpec.toJSON(spec))).slice(0, 8)}`),
      store,
    );
    const remark = resultsRemark(place.fetch?.dir ?? place.uri, context.serverWords);
    const target: RenderTarget = { prefixUri, suffixes, limit, nameOf, spec, output: { ...place, remark } };
    return renderMany(context, options, target);
  });
}

function missingOutput(expected: string): Error {
  return invalidRequest({
    field: '--output',
    description: `is needed here; expected ${expected} that takes the images`,
  });
}
