/** What one asset may hold before it is taken for a bomb: counts, except where the name carries a unit. */
export interface TriageLimits {
  /** JSON of a glTF: the JSON chunk of a .glb, the whole of a .gltf (which may embed its buffers). */
  jsonBytes: number;
  nodes: number;
  /** Blender's importer recurses over the node tree and fails near 950 levels. */
  depth: number;
  meshes: number;
  primitives: number;
  /** Vertices, indices, morph targets and keys that the importer will hold, counted once for every use. */
  elements: number;
  /** Accessors without a buffer view cost no bytes in the file, yet are allocated whole. */
  zeroFilledBytes: number;
  animations: number;
  channels: number;
  images: number;
  pixelsPerImage: number;
  /** Decoded at 4 bytes each. */
  pixels: number;
  /** Largest coordinate, translation or scale, in the asset's unit. */
  magnitude: number;
  dependencies: number;
  dependencyBytes: number;
}

export const DEFAULT_TRIAGE_LIMITS: TriageLimits = {
  jsonBytes: 256 * 2 ** 20,
  nodes: 50_000,
  depth: 900,
  meshes: 50_000,
  primitives: 100_000,
  elements: 250_000_000,
  zeroFilledBytes: 512 * 2 ** 20,
  animations: 5_000,
  channels: 500_000,
  images: 4_096,
  pixelsPerImage: 16_384 ** 2,
  pixels: 2 ** 30,
  magnitude: 1e15,
  dependencies: 1_000,
  dependencyBytes: 2 * 2 ** 30,
};
