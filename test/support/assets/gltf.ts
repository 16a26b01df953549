type Fields = Record<string, unknown>;

/** JSON of a glTF whose parts tests may change or replace by wrong values. */
export interface GltfJson extends Fields {
  asset: Fields;
  scenes: Fields[];
  nodes: Fields[];
  meshes: { primitives: Fields[] }[];
  accessors: Fields[];
  bufferViews: Fields[];
  buffers: Fields[];
}

/** Makes a glTF of one triangle, whose buffer is the GLB's binary chunk. */
export function triangleGltf(change: (gltf: GltfJson) => void = () => {}): GltfJson {
  const gltf: GltfJson = {
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
    accessors: [{ bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', min: [0, 0, 0], max: [1, 1, 0] }],
    bufferViews: [{ buffer: 0, byteLength: 36 }],
    buffers: [{ byteLength: 36 }],
  };
  change(gltf);
  return gltf;
}

/** Positions of the triangle. */
export const TRIANGLE_BYTES = Buffer.from(new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0]).buffer);

/** Makes the first bytes of a PNG, up to its size. */
export function pngHead(width: number, height: number): Buffer {
  const head = Buffer.alloc(40);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(head);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return head;
}
