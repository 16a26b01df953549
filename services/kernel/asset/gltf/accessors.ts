import type { TriageLimits } from '../limits.ts';
import { assertWithin, refusal } from '../refusal.ts';
import type { BufferView } from './buffers.ts';
import { elementAt, integerOf, type JsonObject, objectOf, requiredIntegerOf } from './json.ts';

const COMPONENT_BYTES: Record<number, number> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const COMPONENTS: Record<string, number> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 };

/** Checks each used accessor and adds up the costs. Blender's importer ignores accessors that nothing uses. */
export interface AccessorCheck {
  /** Checks one use and returns the number of elements. Of compressed data, only the count can be checked. */
  use(index: number, where: string, compressed?: boolean): number;
  /** Refuses positions whose declared bounds are infinite or too large. */
  checkBounds(index: number): void;
  totals: { elements: number; zeroFilledBytes: number };
}

/** Prepares the check of one glTF's accessors. */
export function createAccessorCheck(accessors: JsonObject[], views: BufferView[], limits: TriageLimits): AccessorCheck {
  const totals = { elements: 0, zeroFilledBytes: 0 };
  const checked = new Set<number>();
  function use(index: number, where: string, compressed = false): number {
    const accessor = elementAt(accessors, index, where, 'accessor');
    const name = `accessors[${index}]`;
    const count = requiredIntegerOf(accessor, 'count', name);
    totals.elements += count;
    assertWithin(totals.elements, limits.elements, 'vertices, indices and keys');
    if (compressed || checked.has(index)) return count;
    checked.add(index);
    if (integerOf(accessor, 'bufferView', name) === undefined) {
      totals.zeroFilledBytes += count * elementBytes(accessor, name);
      assertWithin(totals.zeroFilledBytes, limits.zeroFilledBytes, 'bytes of accessors without a buffer view');
    } else checkRange(accessor, name, count, elementBytes(accessor, name), views);
    checkSparse(accessor, name, count, views);
    return count;
  }
  return {
    use,
    totals,
    checkBounds: (index) => checkBounds(accessors[index]!, `accessors[${index}]`, limits.magnitude),
  };
}

function componentBytes(holder: JsonObject, name: string): number {
  const type = requiredIntegerOf(holder, 'componentType', name);
  const bytes = COMPONENT_BYTES[type];
  if (bytes === undefined)
    throw refusal(
      'invalid_asset',
      `${name}.componentType is ${type}; expected one of ${Object.keys(COMPONENT_BYTES).join(', ')}`,
    );
  return bytes;
}

function elementBytes(accessor: JsonObject, name: string): number {
  const components = COMPONENTS[String(accessor.type)];
  if (components === undefined)
    throw refusal('invalid_asset', `${name}.type is ${JSON.stringify(accessor.type)}; expected SCALAR, VEC2 ... MAT4`);
  return components * componentBytes(accessor, name);
}

function checkRange(holder: JsonObject, name: string, count: number, bytes: number, views: BufferView[]): void {
  const viewIndex = requiredIntegerOf(holder, 'bufferView', name);
  const view = elementAt(views, viewIndex, name, 'buffer view');
  const available = view.size - (integerOf(holder, 'byteOffset', name) ?? 0);
  const needed = count === 0 ? 0 : (count - 1) * (view.stride ?? bytes) + bytes;
  if (needed <= available) return;
  throw refusal(
    'invalid_asset',
    `${name} needs ${needed} bytes for its ${count} elements; ` +
      `bufferViews[${viewIndex}] has ${Math.max(0, available)} for it`,
  );
}

function checkSparse(accessor: JsonObject, name: string, count: number, views: BufferView[]): void {
  const sparse = objectOf(accessor, 'sparse', name);
  if (!sparse) return;
  const where = `${name}.sparse`;
  const changed = requiredIntegerOf(sparse, 'count', where);
  if (changed > count) throw refusal('invalid_asset', `${where} changes ${changed} elements of ${count}`);
  const indices = objectOf(sparse, 'indices', where);
  const values = objectOf(sparse, 'values', where);
  if (!indices || !values) throw refusal('invalid_asset', `${where} lacks its indices or values`);
  checkRange(indices, `${where}.indices`, changed, componentBytes(indices, `${where}.indices`), views);
  checkRange(values, `${where}.values`, changed, elementBytes(accessor, name), views);
}

function checkBounds(accessor: JsonObject, name: string, magnitude: number): void {
  for (const bound of ['min', 'max']) {
    const values: unknown = accessor[bound];
    const bad = Array.isArray(values)
      ? values.find((value) => typeof value === 'number' && !(Math.abs(value) <= magnitude))
      : undefined;
    if (bad === undefined) continue;
    throw refusal(
      'invalid_asset',
      `${name}.${bound} of positions has the value ${bad}; expected magnitudes up to ${magnitude}`,
    );
  }
}
