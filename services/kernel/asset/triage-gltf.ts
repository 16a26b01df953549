import { type ByteSource, partOf } from './byte-source.ts';
import type { TriageFindings } from './findings.ts';
import { createAccessorCheck } from './gltf/accessors.ts';
import { readBuffers, readBufferViews } from './gltf/buffers.ts';
import { checkExtensions } from './gltf/extensions.ts';
import { readGlb } from './gltf/glb.ts';
import { readGltfHeader } from './gltf/header.ts';
import { checkImages } from './gltf/images.ts';
import { objectsOf, parseGltf } from './gltf/json.ts';
import { checkAnimations, checkMeshes } from './gltf/meshes.ts';
import { checkNodes } from './gltf/nodes.ts';
import { listGltfDependencies } from './gltf/references.ts';
import type { TriageLimits } from './limits.ts';
import { createPixelBudget } from './pixel-budget.ts';
import { assertWithin } from './refusal.ts';

/** Triages a glTF, binary or text. `folder` holds the asset and, from the second round on, its fetched dependencies. */
export async function triageGltf(
  source: ByteSource,
  isBinary: boolean,
  folder: string,
  limits: TriageLimits,
): Promise<TriageFindings> {
  const { json, binary, warnings } = isBinary
    ? await readGlb(source, limits.jsonBytes)
    : await readText(source, limits.jsonBytes);
  const gltf = parseGltf(json);
  const dependencies = listGltfDependencies(gltf, warnings);
  assertWithin(dependencies.length, limits.dependencies, 'files that the asset refers to');
  const decode = checkExtensions(gltf);
  const tree = checkNodes(gltf, limits);
  const views = readBufferViews(gltf, await readBuffers(gltf, folder, binary));
  const accessors = createAccessorCheck(objectsOf(gltf, 'accessors', 'glTF'), views, limits);
  const primitives = checkMeshes(gltf, tree, accessors, limits, warnings);
  const animations = checkAnimations(gltf, tree, accessors, limits);
  const budget = createPixelBudget(limits);
  const images = await checkImages(gltf, views, folder, budget, limits);
  return {
    dependencies,
    decode,
    warnings: [...warnings, ...budget.warnings],
    header: readGltfHeader(gltf),
    figures: {
      nodes: tree.nodes.length,
      depth: tree.depth,
      meshes: objectsOf(gltf, 'meshes', 'glTF').length,
      primitives,
      elements: accessors.totals.elements,
      animations,
      images,
      pixels: budget.pixels,
    },
  };
}

async function readText(
  source: ByteSource,
  jsonBytes: number,
): Promise<{ json: Buffer; binary?: ByteSource; warnings: string[] }> {
  assertWithin(source.size, jsonBytes, 'bytes of JSON');
  return { json: await partOf(source, 0, source.size).read(0, source.size), warnings: [] };
}
