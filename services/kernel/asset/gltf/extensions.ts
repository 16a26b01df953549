import { refusal } from '../refusal.ts';
import { extensionOf, integerOf, type JsonObject, objectsOf, textsOf } from './json.ts';

/** Compressions that we decode, because the bpy wheels do not read them reliably. */
export type Decoding = 'draco' | 'meshopt' | 'ktx2';

/** Extensions that the glTF importer of bpy 4.5 accepts in extensionsRequired. */
export const BLENDER_READS = new Set([
  'EXT_mesh_gpu_instancing',
  'EXT_texture_webp',
  'KHR_animation_pointer',
  'KHR_lights_punctual',
  'KHR_materials_anisotropy',
  'KHR_materials_clearcoat',
  'KHR_materials_emissive_strength',
  'KHR_materials_ior',
  'KHR_materials_pbrSpecularGlossiness',
  'KHR_materials_sheen',
  'KHR_materials_specular',
  'KHR_materials_transmission',
  'KHR_materials_unlit',
  'KHR_materials_variants',
  'KHR_materials_volume',
  'KHR_mesh_quantization',
  'KHR_texture_transform',
]);

/** Extensions that decoding removes from the file. */
export const DECODED_EXTENSIONS: Record<string, Decoding> = {
  KHR_draco_mesh_compression: 'draco',
  EXT_meshopt_compression: 'meshopt',
  KHR_meshopt_compression: 'meshopt',
  KHR_texture_basisu: 'ktx2',
};

/** Both names of meshopt's compression; the later one adds a codec version and a filter. */
export const MESHOPT_EXTENSIONS = ['EXT_meshopt_compression', 'KHR_meshopt_compression'] as const;

/** Refuses required extensions that we cannot read, and returns the compressions to decode. */
export function checkExtensions(gltf: JsonObject): Decoding[] {
  const required = textsOf(gltf, 'extensionsRequired', 'glTF');
  const used = new Set(textsOf(gltf, 'extensionsUsed', 'glTF'));
  const decodings = usedDecodings(gltf);
  for (const name of required) {
    const decoding = DECODED_EXTENSIONS[name];
    if (decoding) decodings.add(decoding);
    else if (!BLENDER_READS.has(name)) {
      throw refusal(
        'unsupported_extension',
        `the glTF requires the extension '${name}', which neither Blender's importer nor a decoder here reads`,
      );
    } else if (!used.has(name)) {
      throw refusal(
        'invalid_asset',
        `extensionsRequired has '${name}', extensionsUsed does not; Blender's importer refuses that`,
      );
    }
  }
  return [...decodings].sort();
}

/** Looks for the extensions where they are used, because the lists in the header may be wrong. */
function usedDecodings(gltf: JsonObject): Set<Decoding> {
  const found = new Set<Decoding>();
  for (const mesh of objectsOf(gltf, 'meshes', 'glTF')) {
    for (const primitive of objectsOf(mesh, 'primitives', 'mesh')) {
      if (extensionOf(primitive, 'KHR_draco_mesh_compression', 'primitive')) found.add('draco');
    }
  }
  for (const view of objectsOf(gltf, 'bufferViews', 'glTF')) {
    if (MESHOPT_EXTENSIONS.some((name) => extensionOf(view, name, 'bufferView'))) found.add('meshopt');
  }
  for (const texture of objectsOf(gltf, 'textures', 'glTF')) {
    const basis = extensionOf(texture, 'KHR_texture_basisu', 'texture');
    if (basis && integerOf(texture, 'source', 'texture') === undefined) found.add('ktx2');
  }
  return found;
}
