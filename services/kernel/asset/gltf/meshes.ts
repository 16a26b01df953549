import type { TriageLimits } from '../limits.ts';
import { assertWithin, refusal } from '../refusal.ts';
import type { AccessorCheck } from './accessors.ts';
import {
  elementAt,
  extensionOf,
  integerOf,
  integersOf,
  type JsonObject,
  objectOf,
  objectsOf,
  requiredIntegerOf,
} from './json.ts';
import type { NodeTree } from './nodes.ts';

/** Checks the meshes, skins and instances that nodes use, and returns the number of primitives. */
export function checkMeshes(
  gltf: JsonObject,
  tree: NodeTree,
  accessors: AccessorCheck,
  limits: TriageLimits,
  warnings: string[],
): number {
  const meshes = objectsOf(gltf, 'meshes', 'glTF');
  const skins = objectsOf(gltf, 'skins', 'glTF');
  assertWithin(meshes.length, limits.meshes, 'meshes');
  const usedMeshes = new Set<number>();
  const usedSkins = new Set<number>();
  const cameras = objectsOf(gltf, 'cameras', 'glTF');
  let objects = tree.nodes.length;
  for (const node of tree.nodes) {
    addIndex(usedMeshes, integerOf(node, 'mesh', 'node'));
    addIndex(usedSkins, integerOf(node, 'skin', 'node'));
    const camera = integerOf(node, 'camera', 'node');
    if (camera !== undefined) elementAt(cameras, camera, 'a node', 'camera');
    objects += countInstances(node, accessors);
    assertWithin(objects, limits.nodes, 'nodes and instances');
  }
  for (const index of usedSkins) checkJoints(elementAt(skins, index, 'a node', 'skin'), index);
  for (const [index, skin] of skins.entries()) checkBindMatrices(skin, index, accessors);
  const materials = objectsOf(gltf, 'materials', 'glTF');
  let primitives = 0;
  for (const index of usedMeshes) {
    const mesh = meshes[index];
    if (!mesh) {
      // Blender turns such a node into an empty.
      warnings.push(`a node refers to mesh ${index}; the glTF has ${meshes.length}`);
      continue;
    }
    const list = objectsOf(mesh, 'primitives', `meshes[${index}]`);
    primitives += list.length;
    assertWithin(primitives, limits.primitives, 'primitives');
    for (const [at, primitive] of list.entries())
      checkPrimitive(primitive, `meshes[${index}].primitives[${at}]`, accessors, materials);
  }
  return primitives;
}

function addIndex(indices: Set<number>, index: number | undefined): void {
  if (index !== undefined) indices.add(index);
}

function countInstances(node: JsonObject, accessors: AccessorCheck): number {
  const where = 'node.extensions.EXT_mesh_gpu_instancing';
  const instancing = extensionOf(node, 'EXT_mesh_gpu_instancing', 'node');
  const attributes = instancing && objectOf(instancing, 'attributes', where);
  if (!attributes) return 0;
  return Math.max(0, ...attributeIndices(attributes, where).map((index) => accessors.use(index, where)));
}

function attributeIndices(attributes: JsonObject, where: string): number[] {
  return Object.keys(attributes).map((semantic) => requiredIntegerOf(attributes, semantic, where));
}

function checkPrimitive(primitive: JsonObject, where: string, accessors: AccessorCheck, materials: JsonObject[]): void {
  const material = integerOf(primitive, 'material', where);
  if (material !== undefined) elementAt(materials, material, where, 'material');
  const draco = extensionOf(primitive, 'KHR_draco_mesh_compression', where);
  const attributes = objectOf(primitive, 'attributes', where) ?? {};
  for (const index of attributeIndices(attributes, `${where}.attributes`))
    accessors.use(index, where, draco !== undefined);
  const indices = integerOf(primitive, 'indices', where);
  if (indices !== undefined) accessors.use(indices, where, draco !== undefined);
  const positions = integerOf(attributes, 'POSITION', where);
  if (positions !== undefined) accessors.checkBounds(positions);
  for (const target of objectsOf(primitive, 'targets', where)) {
    for (const index of attributeIndices(target, `${where}.targets`)) accessors.use(index, where);
  }
}

function checkJoints(skin: JsonObject, index: number): void {
  if (integersOf(skin, 'joints', `skins[${index}]`).length === 0)
    throw refusal('invalid_asset', `skins[${index}] has no joints`);
}

/** Checks the inverse bind matrices, which Blender reads even if no node uses the skin. */
function checkBindMatrices(skin: JsonObject, index: number, accessors: AccessorCheck): void {
  const matrices = integerOf(skin, 'inverseBindMatrices', `skins[${index}]`);
  if (matrices !== undefined) accessors.use(matrices, `skins[${index}]`);
}

/** Checks the number of animations, and the keys of channels that move a node or, by a pointer, something else. */
export function checkAnimations(
  gltf: JsonObject,
  tree: NodeTree,
  accessors: AccessorCheck,
  limits: TriageLimits,
): number {
  const animations = objectsOf(gltf, 'animations', 'glTF');
  assertWithin(animations.length, limits.animations, 'animations');
  let channels = 0;
  for (const [index, animation] of animations.entries()) {
    const where = `animations[${index}]`;
    const samplers = objectsOf(animation, 'samplers', where);
    for (const channel of objectsOf(animation, 'channels', where)) {
      channels += 1;
      assertWithin(channels, limits.channels, 'animation channels');
      const target = objectOf(channel, 'target', where) ?? {};
      const node = integerOf(target, 'node', `${where}.target`);
      if (node !== undefined) elementAt(tree.nodes, node, where, 'node');
      else if (target.path !== 'pointer') continue;
      const sampler = elementAt(samplers, requiredIntegerOf(channel, 'sampler', where), where, 'sampler');
      accessors.use(requiredIntegerOf(sampler, 'input', where), where);
      accessors.use(requiredIntegerOf(sampler, 'output', where), where);
    }
  }
  return animations.length;
}
