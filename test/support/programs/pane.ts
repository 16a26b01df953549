import { glb } from '../assets/glb.ts';

/** Orientation and alpha of a pane. */
export interface Pane {
  /** `front` faces the front view; the camera of the front view sees `edge` as a line. */
  faces?: 'front' | 'edge';
  /** Alpha of the material; a value below 1 lets light through. */
  alpha?: number;
}

/** Makes a GLB of a square of one metre without thickness. */
export function paneGlb({ faces = 'front', alpha = 1 }: Pane = {}): Buffer {
  const corners = [
    [-0.5, -0.5],
    [0.5, -0.5],
    [0.5, 0.5],
    [-0.5, 0.5],
  ] as const;
  const points = corners.flatMap(([along, up]) => (faces === 'front' ? [along, up, 0] : [0, up, along]));
  const binary = Buffer.concat([
    Buffer.from(new Float32Array(points).buffer),
    Buffer.from(new Uint32Array([0, 1, 2, 0, 2, 3]).buffer),
  ]);
  const extent = faces === 'front' ? [0.5, 0.5, 0] : [0, 0.5, 0.5];
  const json = {
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1, material: 0 }] }],
    materials: [
      {
        name: 'Pane',
        doubleSided: true,
        alphaMode: alpha < 1 ? 'BLEND' : 'OPAQUE',
        pbrMetallicRoughness: { baseColorFactor: [0.8, 0.3, 0.2, alpha], metallicFactor: 0, roughnessFactor: 1 },
      },
    ],
    accessors: [
      { bufferView: 0, componentType: 5126, count: 4, type: 'VEC3', min: extent.map((half) => -half), max: extent },
      { bufferView: 1, componentType: 5125, count: 6, type: 'SCALAR' },
    ],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: 48 },
      { buffer: 0, byteOffset: 48, byteLength: 24 },
    ],
    buffers: [{ byteLength: 72 }],
  };
  return glb(json, binary);
}
