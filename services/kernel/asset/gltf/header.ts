import type { FileHeader } from '../../../../gen/cyclorama/asset/v1/stats.ts';
import { cutText } from '../header-text.ts';
import type { JsonObject } from './json.ts';

const MAX_EXTENSIONS = 100;

/** Reads the facts that a glTF states about itself. None is needed, so fields of an unexpected type are skipped. */
export function readGltfHeader(gltf: JsonObject): Partial<FileHeader> {
  const asset = objectIn(gltf, 'asset');
  // Sketchfab, the largest source of glTF files with an author, writes these four.
  const extras = objectIn(asset, 'extras');
  return {
    generator: cutText(asset.generator),
    copyright: cutText(asset.copyright),
    license: readExtra(extras, 'license') || readExtra(extras, 'licence'),
    author: readExtra(extras, 'author'),
    title: readExtra(extras, 'title'),
    source: readExtra(extras, 'source'),
    extensionsUsed: extensionNames(gltf.extensionsUsed),
    extensionsRequired: extensionNames(gltf.extensionsRequired),
    unitMetres: 1,
    upAxis: 'Y',
  };
}

/** Reads a field of extras, whose name may have any case; joins the texts and numbers of a list or an object. */
function readExtra(extras: JsonObject, name: string): string {
  const key = Object.keys(extras).find((each) => each.toLowerCase() === name);
  const value = key === undefined ? undefined : extras[key];
  const parts = typeof value === 'object' && value !== null ? Object.values(value) : [value];
  return cutText(parts.filter((part) => ['string', 'number'].includes(typeof part)).join(', '));
}

function objectIn(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function extensionNames(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const names = value.filter((each) => typeof each === 'string').map(cutText);
  return [...new Set(names)].sort().slice(0, MAX_EXTENSIONS);
}
