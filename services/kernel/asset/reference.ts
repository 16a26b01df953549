import { posix } from 'node:path';

import { refusal } from './refusal.ts';

/** The target of a URI inside an asset: embedded data, a file beside the asset, or nothing that can be read. */
export type Reference = { kind: 'embedded' } | { kind: 'file'; path: string } | { kind: 'unreadable' };

/** A file that an asset needs. */
export interface Dependency {
  /** Path relative to the asset's folder, percent-decoded and without `..`. */
  uri: string;
  /** Without a buffer the asset cannot be read; without an image or a material it only looks poorer. */
  kind: 'buffer' | 'image' | 'material';
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Parses a URI exactly as Blender's glTF importer does: backslashes are slashes, it is percent-decoded once, and '..'
 * is resolved. Refuses a path outside the asset's folder. Blender opens a data URI without ';base64,' as a path, so we
 * check it as one.
 */
export function parseReference(uri: string): Reference {
  const isData = uri.startsWith('data:');
  if (isData && uri.includes(';base64,')) return { kind: 'embedded' };
  const path = containedPath(percentDecode(uri.replaceAll('\\', '/')), uri);
  if (isData || path === undefined) return { kind: 'unreadable' };
  if (SCHEME.test(uri)) throw unsafe(uri, 'has a scheme or a drive letter');
  return { kind: 'file', path };
}

/** Normalises a path and refuses it if it leaves its folder; undefined if it names a folder. Errors quote `shown`. */
export function containedPath(path: string, shown: string): string | undefined {
  if (/[\x00-\x1f\x7f]/.test(path)) throw unsafe(shown, 'has control characters');
  const folded = posix.normalize(path);
  if (posix.isAbsolute(folded)) throw unsafe(shown, 'is absolute');
  if (folded === '..' || folded.startsWith('../')) throw unsafe(shown, "leaves the asset's folder");
  return folded === '.' || folded.endsWith('/') ? undefined : folded;
}

function unsafe(uri: string, why: string): Error {
  const shown = uri.length > 200 ? `${uri.slice(0, 200)}...` : uri;
  return refusal(
    'unsafe_reference',
    `the reference ${JSON.stringify(shown)} ${why}; expected a path at or below the asset's own folder`,
  );
}

/** Percent-decodes a text and keeps malformed sequences, as Python does; decodeURIComponent would throw. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}
