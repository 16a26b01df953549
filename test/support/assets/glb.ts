/** Options of a box. */
export interface BoxOptions {
  /** Quads along each edge of a face; a face has (divisions + 1)^2 vertices and 2 * divisions^2 triangles. */
  divisions?: number;
  /** Extent along glTF's axes (Y up), metres. */
  size?: [number, number, number];
  /** Names of materials, each with one mesh primitive; they get the box's six faces in turn. Default: no material. */
  materials?: string[];
  /** Places of the mesh. Several places share one mesh. */
  translations?: [number, number, number][];
  /** URI of a texture for the first material. */
  imageUri?: string;
  /** Changes coordinates before they are written, such as to NaN. */
  spoil?: (positions: Float32Array) => void;
}

type Json = Record<string, unknown>;
const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BINARY_CHUNK = 0x004e4942;
const FLOAT = 5126;
const UNSIGNED_INT = 5125;

/** Writes a GLB container around any JSON and binary chunk. */
export function glb(json: Json | string, binary: Buffer = Buffer.alloc(0)): Buffer {
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  const chunks = [chunk(JSON_CHUNK, Buffer.from(text), 0x20)];
  if (binary.length > 0) chunks.push(chunk(BINARY_CHUNK, binary, 0));
  const header = Buffer.alloc(12);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(2, 4);
  header.writeUInt32LE(12 + chunks.reduce((sum, part) => sum + part.length, 0), 8);
  return Buffer.concat([header, ...chunks]);
}

/** Makes a GLB file of a box, which has 24 vertices and 12 triangles by default. */
export function boxGlb(options: BoxOptions = {}): Buffer {
  const { divisions = 1, size = [1, 1, 1], materials = [], translations = [[0, 0, 0]], imageUri, spoil } = options;
  const groups = Array.from({ length: Math.min(6, Math.max(1, materials.length)) }, (_, group) =>
    [0, 1, 2, 3, 4, 5].filter((face) => face % Math.max(1, materials.length) === group),
  );
  const binary: Buffer[] = [];
  const accessors: Json[] = [];
  const bufferViews: Json[] = [];
  const add = (bytes: Buffer, accessor: Json): number => {
    const byteOffset = binary.reduce((sum, part) => sum + part.length, 0);
    bufferViews.push({ buffer: 0, byteOffset, byteLength: bytes.length });
    accessors.push({ bufferView: bufferViews.length - 1, ...accessor });
    binary.push(bytes);
    return accessors.length - 1;
  };
  const primitives = groups.map((faces, group) => {
    const positions = facePositions(faces, divisions, size);
    spoil?.(positions);
    const indices = faceIndices(faces.length, divisions);
    const [min, max] = [Math.min, Math.max].map((pick) => [0, 1, 2].map((axis) => extreme(positions, axis, pick)));
    const POSITION = add(bytesOf(positions), {
      componentType: FLOAT,
      count: positions.length / 3,
      type: 'VEC3',
      min,
      max,
    });
    const index = add(bytesOf(indices), { componentType: UNSIGNED_INT, count: indices.length, type: 'SCALAR' });
    return {
      attributes: { POSITION },
      indices: index,
      ...(materials.length > 0 ? { material: group % materials.length } : {}),
    };
  });
  const texture = imageUri === undefined ? {} : { images: [{ uri: imageUri }], textures: [{ source: 0 }] };
  const json = {
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: translations.map((_, node) => node) }],
    nodes: translations.map((translation) => ({ mesh: 0, translation })),
    meshes: [{ name: 'Box', primitives }],
    ...(materials.length > 0 ? { materials: materials.map((name, at) => toMaterial(name, at, imageUri)) } : {}),
    ...texture,
    accessors,
    bufferViews,
    buffers: [{ byteLength: binary.reduce((sum, part) => sum + part.length, 0) }],
  };
  return glb(json, Buffer.concat(binary));
}

/** Makes a valid GLB without a mesh. */
export function emptyGlb(): Buffer {
  return glb({ asset: { version: '2.0' }, scene: 0, scenes: [{ nodes: [0] }], nodes: [{ name: 'Nothing' }] });
}

/** Makes files that break their format, each in one way, which its name describes. */
export function brokenGlbs(): Record<string, Buffer> {
  const good = boxGlb();
  const change = (edit: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(good);
    edit(copy);
    return copy;
  };
  return {
    empty: Buffer.alloc(0),
    'bad-magic': change((bytes) => bytes.write('GLBX', 0)),
    'wrong-version': change((bytes) => bytes.writeUInt32LE(1, 4)),
    truncated: good.subarray(0, good.length - 40),
    'length-lies': change((bytes) => bytes.writeUInt32LE(good.length + 1000, 8)),
    'json-broken': glb('{"asset": {"version": "2.0"'),
    'no-asset': glb({ scenes: [] }),
    'index-out-of-range': change((bytes) => bytes.writeUInt32LE(60_000, bytes.length - 4)),
  };
}

function toMaterial(name: string, at: number, imageUri: string | undefined): Json {
  if (at > 0 || imageUri === undefined) return { name };
  return { name, pbrMetallicRoughness: { baseColorTexture: { index: 0 } } };
}

function chunk(type: number, content: Buffer, filler: number): Buffer {
  const padded = Math.ceil(content.length / 4) * 4;
  const bytes = Buffer.alloc(8 + padded, filler);
  bytes.writeUInt32LE(padded, 0);
  bytes.writeUInt32LE(type, 4);
  content.copy(bytes, 8);
  return bytes;
}

function facePositions(faces: number[], divisions: number, size: [number, number, number]): Float32Array {
  const points: number[] = [];
  for (const face of faces) {
    const axis = face % 3;
    for (let row = 0; row <= divisions; row += 1) {
      for (let column = 0; column <= divisions; column += 1) {
        const point = [0, 0, 0];
        point[axis] = face < 3 ? -0.5 : 0.5;
        point[(axis + 1) % 3] = row / divisions - 0.5;
        point[(axis + 2) % 3] = column / divisions - 0.5;
        points.push(...point.map((value, at) => value * (size[at] ?? 1)));
      }
    }
  }
  return new Float32Array(points);
}

function faceIndices(faces: number, divisions: number): Uint32Array {
  const side = divisions + 1;
  const indices: number[] = [];
  for (let face = 0; face < faces; face += 1) {
    for (let row = 0; row < divisions; row += 1) {
      for (let column = 0; column < divisions; column += 1) {
        const corner = face * side * side + row * side + column;
        indices.push(corner, corner + side, corner + 1, corner + 1, corner + side, corner + side + 1);
      }
    }
  }
  return new Uint32Array(indices);
}

function extreme(positions: Float32Array, axis: number, pick: (...values: number[]) => number): number {
  let found = positions[axis] ?? 0;
  for (let at = axis; at < positions.length; at += 3) found = pick(found, positions[at] ?? 0);
  return Number.isFinite(found) ? found : 0;
}

function bytesOf(values: Float32Array | Uint32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
