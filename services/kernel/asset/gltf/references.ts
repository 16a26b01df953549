import { type Dependency, parseReference } from '../reference.ts';
import { type JsonObject, objectsOf, textOf } from './json.ts';

/** Lists the files that a glTF refers to; refuses references that leave its folder. */
export function listGltfDependencies(gltf: JsonObject, warnings: string[]): Dependency[] {
  return [...listUris(gltf, 'buffers', 'buffer', warnings), ...listUris(gltf, 'images', 'image', warnings)];
}

function listUris(gltf: JsonObject, list: string, kind: Dependency['kind'], warnings: string[]): Dependency[] {
  const found = new Map<string, Dependency>();
  for (const [index, element] of objectsOf(gltf, list, 'glTF').entries()) {
    const uri = textOf(element, 'uri', `${list}[${index}]`);
    const reference = uri === undefined ? undefined : parseReference(uri);
    if (reference?.kind === 'file') found.set(reference.path, { uri: reference.path, kind });
    if (reference?.kind === 'unreadable')
      warnings.push(`${list}[${index}] has a URI that Blender cannot read: ${uri?.slice(0, 100)}`);
  }
  return [...found.values()];
}
