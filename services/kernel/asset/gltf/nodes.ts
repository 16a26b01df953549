import type { TriageLimits } from '../limits.ts';
import { assertWithin, refusal } from '../refusal.ts';
import { elementAt, integerOf, integersOf, type JsonObject, numbersOf, objectsOf } from './json.ts';

/** The facts about the node tree that triage needs. */
export interface NodeTree {
  /** All nodes, because Blender also imports nodes that belong to no scene. */
  nodes: JsonObject[];
  depth: number;
}

/** Checks that the nodes form trees of bounded size and depth with finite transforms. */
export function checkNodes(gltf: JsonObject, limits: TriageLimits): NodeTree {
  const nodes = objectsOf(gltf, 'nodes', 'glTF');
  assertWithin(nodes.length, limits.nodes, 'nodes');
  const children = nodes.map((node, index) => integersOf(node, 'children', `nodes[${index}]`));
  const roots = findRoots(children);
  const { seen, depth } = walk(roots, children);
  if (seen.size < nodes.length) throw refusal('invalid_asset', describeCycle(children, seen));
  assertWithin(depth, limits.depth, 'levels of nodes');
  for (const [index, node] of nodes.entries()) checkTransform(node, `nodes[${index}]`, limits.magnitude);
  const scenes = objectsOf(gltf, 'scenes', 'glTF');
  const shown = integerOf(gltf, 'scene', 'glTF');
  if (shown !== undefined) elementAt(scenes, shown, 'glTF.scene', 'scene');
  const inScenes = scenes.flatMap((scene, index) => integersOf(scene, 'nodes', `scenes[${index}]`));
  for (const index of inScenes) elementAt(nodes, index, 'a scene', 'node');
  return { nodes, depth };
}

function findRoots(children: number[][]): number[] {
  const parents = new Map<number, number>();
  for (const [parent, list] of children.entries()) {
    for (const child of list) {
      elementAt(children, child, `nodes[${parent}]`, 'node');
      const other = parents.get(child);
      if (other !== undefined)
        throw refusal('invalid_asset', `node ${child} is a child of node ${other} and of node ${parent}`);
      parents.set(child, parent);
    }
  }
  return [...children.keys()].filter((index) => !parents.has(index));
}

/** Walks the tree breadth first, level by level, and visits each node once. */
function walk(roots: number[], children: number[][]): { seen: Set<number>; depth: number } {
  const seen = new Set<number>();
  let depth = 0;
  for (let level = roots; level.length > 0; depth++) {
    for (const index of level) seen.add(index);
    level = level.flatMap((index) => children[index]!.filter((child) => !seen.has(child)));
  }
  return { seen, depth };
}

/** Names a cycle: follows parents from a node that no root reaches. Each such node has a parent, so the path closes. */
function describeCycle(children: number[][], seen: Set<number>): string {
  const parents = new Map(children.flatMap((list, parent) => list.map((child) => [child, parent] as const)));
  const path = [[...children.keys()].find((index) => !seen.has(index))!];
  const known = new Map([[path[0]!, 0]]);
  for (;;) {
    const parent = parents.get(path.at(-1)!)!;
    path.push(parent);
    const start = known.get(parent);
    if (start === undefined) {
      known.set(parent, path.length - 1);
      continue;
    }
    const cycle = path.slice(start).reverse();
    const shown = cycle.length > 10 ? [...cycle.slice(0, 9), '...', cycle.at(-1)] : cycle;
    return `the nodes ${shown.join(' -> ')} form a cycle`;
  }
}

function checkTransform(node: JsonObject, where: string, magnitude: number): void {
  const values = [
    ...(numbersOf(node, 'matrix', where, 16) ?? []),
    ...(numbersOf(node, 'translation', where, 3) ?? []),
    ...(numbersOf(node, 'rotation', where, 4) ?? []),
    ...(numbersOf(node, 'scale', where, 3) ?? []),
  ];
  const bad = values.find((value) => !(Math.abs(value) <= magnitude));
  if (bad === undefined) return;
  throw refusal(
    'invalid_asset',
    `the transform of ${where} has the value ${bad}; expected magnitudes up to ${magnitude}`,
  );
}
