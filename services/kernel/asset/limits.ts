/** Limits of one asset; beyond them it counts as a bomb. The numbers are counts unless the name has a unit. */
export interface TriageLimits {
  /** Size of the JSON chunk of a .glb, or of a whole .gltf, which may embed its buffers. */
  jsonBytes: number;
  nodes: number;
  /** Blender's importer recurses over the node tree and fails near 950 levels. */
  depth: number;
  meshes: number;
  primitives: number;
  /** Vertices, indices, morph targets and keys that the importer will hold, counted at every use. */
  elements: number;
  /** Memory of accessors without a buffer view, which have no bytes in the file. */
  zeroFilledBytes: number;
  animations: number;
  channels: number;
  images: number;
  pixelsPerImage: number;
  /** Pixels of all images; a decoded pixel takes 4 bytes. */
  pixels: number;
  /** Largest coordinate, translation or scale, in the asset's unit. */
  magnitude: number;
  dependencies: number;
  dependencyBytes: number;
}

/** Limits of triage that workers use. */
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
