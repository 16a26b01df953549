import { refusal } from '../refusal.ts';

/** An object of a glTF's JSON, untrusted: every field is read through the functions below. */
export type JsonObject = Record<string, unknown>;

/** Reads the JSON of a glTF and checks that it is glTF 2.0. */
export function parseGltf(bytes: Buffer): JsonObject {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw refusal('invalid_asset', "the glTF's JSON starts with a byte order mark, which Blender's importer refuses");
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refusal('invalid_asset', `the glTF's JSON does not parse: ${cause instanceof Error ? cause.message : cause}`);
  }
  if (!isObject(json)) throw refusal('invalid_asset', "the glTF's JSON is not an object");
  const asset = objectOf(json, 'asset', 'glTF');
  if (!asset) throw refusal('invalid_asset', "the glTF has no 'asset'; expected asset.version '2.0'");
  if (asset.version === undefined) throw refusal('invalid_asset', "the glTF has no asset.version; expected '2.0'");
  if (asset.version !== '2.0') {
    throw refusal('unsupported_format', `the glTF has version ${JSON.stringify(asset.version)}; expected "2.0"`);
  }
  return json;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(where: string, key: string, expected: string): Error {
  return refusal('invalid_asset', `${where}.${key} has the wrong type; expected ${expected}`);
}

/** Reads a field that is an object; null counts as absent, as in Blender's importer. */
export function objectOf(parent: JsonObject, key: string, where: string): JsonObject | undefined {
  const value = parent[key] ?? undefined;
  if (value === undefined || isObject(value)) return value;
  throw wrongType(where, key, 'an object');
}

/** Reads a field that is an array of objects; empty if it is absent. */
export function objectsOf(parent: JsonObject, key: string, where: string): JsonObject[] {
  const value = parent[key] ?? [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw wrongType(where, key, 'an array of objects');
}

/** Reads a field that is an integer of 0 or more: a count, an offset or an index. */
export function integerOf(parent: JsonObject, key: string, where: string): number | undefined {
  const value = parent[key] ?? undefined;
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrongType(where, key, 'an integer of 0 or more');
}

/** Reads an integer field that must exist. */
export function requiredIntegerOf(parent: JsonObject, key: string, where: string): number {
  const value = integerOf(parent, key, where);
  if (value === undefined) throw refusal('invalid_asset', `${where} has no ${key}`);
  return value;
}

/** Reads a field that is an array of integers of 0 or more; empty if it is absent. */
export function integersOf(parent: JsonObject, key: string, where: string): number[] {
  const value = parent[key] ?? [];
  if (Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0)) return value;
  throw wrongType(where, key, 'an array of integers of 0 or more');
}

/** Reads a field that is an array of `length` finite numbers. JSON can write infinity as 1e999. */
export function numbersOf(parent: JsonObject, key: string, where: string, length: number): number[] | undefined {
  const value = parent[key] ?? undefined;
  if (value === undefined) return undefined;
  const numbers = Array.isArray(value) && value.length === length && value.every((each) => typeof each === 'number');
  if (!numbers) throw wrongType(where, key, `${length} numbers`);
  return value;
}

/** Reads a field that is a text. */
export function textOf(parent: JsonObject, key: string, where: string): string | undefined {
  const value = parent[key] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(where, key, 'a text');
}

/** Reads a field that is an array of texts; empty if it is absent. */
export function textsOf(parent: JsonObject, key: string, where: string): string[] {
  const value = parent[key] ?? [];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw wrongType(where, key, 'an array of texts');
}

/** Reads the body of an extension of an object. */
export function extensionOf(parent: JsonObject, name: string, where: string): JsonObject | undefined {
  const extensions = objectOf(parent, 'extensions', where);
  return extensions && objectOf(extensions, name, `${where}.extensions`);
}

/** Returns the element at an index; refuses an index that does not exist. */
export function elementAt<T>(list: T[], index: number, where: string, what: string): T {
  const element = list[index];
  if (element !== undefined) return element;
  throw refusal('invalid_asset', `${where} refers to ${what} ${index}; the glTF has ${list.length}`);
}
