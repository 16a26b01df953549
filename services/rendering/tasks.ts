import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { DerivedFile } from '../../gen/cyclorama/blender/v1/blender.ts';
import type { Task } from '../../gen/cyclorama/job/v1/task.ts';
import { RenderReport } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { hdrEtagOf, hdrFileName, MAX_HDR_BYTES } from '../images/hdr.ts';
import { toDatasetPlaces } from '../kernel/dataset/places.ts';
import { CycloramaError, isReason } from '../kernel/failure.ts';
import { parseFolderUri, parseObjectUri, parseS3Uri, type S3Place, toStem } from '../kernel/uri.ts';
import type { Answers, Operation, OutputFile, Product } from '../kernel/work/operation.ts';
import { modalityWord, ownNames } from './places.ts';
import { toReport, toStats } from './report.ts';
import { changeSpec, graveShortfalls } from './second-try.ts';
import { resolveSpec } from './spec.ts';
import { workloadOf } from './workload.ts';

/** Renders an asset once, and makes textured, normal, depth and edge images of it. */
export const renderingOperation: Operation = {
  name: 'rendering',
  recipe: 4,
  outputPlaces(task) {
    const { key, bucket } = assetFolder(task);
    const places = toDatasetPlaces(task.outputUri);
    const own = ownNames(specOf(task)).map((name): S3Place => ({ bucket, key: `${key}${name}` }));
    return [...own, places.thumbnail(task.taskId), places.kept(task.taskId)];
  },
  blenderOp(task) {
    const spec = specOf(task);
    const { hdrUri } = spec.lighting!;
    const hdrFile = hdrUri === '' ? '' : hdrFileName(hdrUri);
    return { $case: 'modalities', value: { spec, hdrFile, requireGpu: task.requireGpu } };
  },
  extraInputs(task) {
    const { hdrUri, hdrEtag } = specOf(task).lighting!;
    if (hdrUri === '') return [];
    const place = parseObjectUri(hdrUri, 'spec.lighting.hdr_uri');
    return [{ place, etag: hdrEtagOf(hdrEtag), maxBytes: MAX_HDR_BYTES, fileName: hdrFileName(hdrUri) }];
  },
  workload: (task) => workloadOf(specOf(task)),

  imagingOp(task, { result }, { warnings, sha256, version, stageSeconds }) {
    if (result?.$case !== 'rendering') throw new Error(`Blender answered '${result?.$case}'; expected a rendering`);
    const { uri, etag, sizeBytes } = task.asset!;
    const source = {
      file: uri.slice(uri.lastIndexOf('/') + 1),
      uri,
      etag,
      sha256,
      sizeBytes,
      cycloramaVersion: version,
      // Blender's own warnings come with the rendering.
      warnings: warnings.filter((warning) => !result.value.warnings.includes(warning)),
      stageSeconds,
    };
    return { $case: 'derive', value: { spec: specOf(task), rendering: result.value, source } };
  },

  secondTry(task, answers) {
    const { rendering, derivation } = readAnswers(answers);
    const changed = changeSpec(specOf(task), rendering, derivation);
    return changed && { task: { ...task, spec: RenderSpec.toJSON(changed.spec) as object }, warning: changed.warning };
  },

  async toProduct(task, answers, { outputDir, warnings: known, downloadedBytes }) {
    const { rendering, derivation } = readAnswers(answers);
    const spec = specOf(task);
    const { key } = parseS3Uri(task.asset!.uri, 'uri');
    const grave = graveShortfalls(spec, derivation);
    const failure = toFailure(task, grave);
    const minor = derivation.shortfalls.filter((shortfall) => !grave.includes(shortfall));
    const warnings = [...known, ...minor.map(({ message }) => message)];
    const report = toReport(key, spec, rendering, derivation, warnings);
    const folder = failure ? keptFolder(task) : assetFolder(task);
    const files = await Promise.all(derivation.files.map((file) => toOutputFile(task, folder, outputDir, file)));
    const { views, device, leastCoverage } = report;
    return {
      files,
      detail: { views, device, least_coverage: leastCoverage, downloaded_bytes: downloadedBytes },
      report: RenderReport.toJSON(report) as Product['report'],
      warnings,
      device,
      frames: views,
      ...(failure ? { verdict: { outcome: 'failed', error: failure } } : {}),
    };
  },

  toFailureProduct: (task) => ({
    files: [],
    detail: { downloaded_bytes: Number(task.asset!.sizeBytes) },
    report: {},
    warnings: [],
  }),

  approach:
    'Each asset was fetched, checked before Blender saw it, decoded where it was compressed, placed with the ' +
    'middle of its box at the origin, framed by its vertices, and rendered once a view with Cycles; all images ' +
    'of a view come from the passes of that one render. Depth, normals and edges were computed from the passes ' +
    'at pixel centres, the images checked before they were stored.',
  toStats,
  figures: [
    { field: 'views', title: 'Views', unit: 'count' },
    { field: 'least_coverage', title: 'Coverage', unit: 'share' },
  ],
  sheet: { tiles: (spec) => resolveSpec(RenderSpec.fromJSON(spec)).modalities.map(modalityWord) },
};

function specOf(task: Task): RenderSpec {
  return resolveSpec(RenderSpec.fromJSON(task.spec ?? {}));
}

function readAnswers({ blender, imaging }: Answers) {
  const [rendered, derived] = [blender.result, imaging?.result];
  if (rendered?.$case !== 'rendering') throw new Error(`Blender answered '${rendered?.$case}'; expected a rendering`);
  if (derived?.$case !== 'derivation')
    throw new Error(`the imaging process answered '${derived?.$case}'; expected a derivation`);
  return { rendering: rendered.value, derivation: derived.value };
}

/** Turns shortfalls into a failure; undefined if there are none. */
function toFailure(task: Task, [worst, ...others]: { reason: string; message: string }[]): CycloramaError | undefined {
  if (!worst) return undefined;
  if (!isReason(worst.reason))
    throw new Error(`the imaging process gave reason '${worst.reason}'; expected one of ours`);
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return new CycloramaError(worst.reason, `asset '${task.asset!.uri}': ${worst.message}${more}`, { stage: 'verify' });
}

async function toOutputFile(
  task: Task,
  { bucket, key }: S3Place,
  outputDir: string,
  { path, contentType, thumbnail }: DerivedFile,
): Promise<OutputFile> {
  const file = await realpath(join(outputDir, path));
  // The path becomes part of a key, and the process that wrote the file has handled an untrusted asset. So the path must
  // not be a link, and must not lead out of the folder.
  if (file !== `${await realpath(outputDir)}${sep}${path}`)
    throw new Error(`the imaging process wrote '${path}'; expected a file in its own folder`);
  const place = thumbnail ? toDatasetPlaces(task.outputUri).thumbnail(task.taskId) : { bucket, key: `${key}${path}` };
  return { place, content: { path: file }, contentType };
}

/** Returns the folder of the asset's images: `<asset>/` in the dataset. */
function assetFolder({ outputUri, assetName, keepExtension }: Task): S3Place {
  const { bucket, key } = parseFolderUri(outputUri, 'output_uri');
  return { bucket, key: `${key}${toStem(assetName, keepExtension)}/` };
}

/** Returns the folder of a failed asset's images, which a person may look at. */
function keptFolder({ outputUri, taskId, fingerprint }: Task): S3Place {
  const { bucket, key } = toDatasetPlaces(outputUri).kept(taskId);
  return { bucket, key: `${key}${fingerprint}/` };
}
