import { posix } from 'node:path';

import { refusal } from './refusal.ts';

/** What a URI inside an asset turns out to be: in the file itself, a file beside the asset, or nothing that can be read. */
export type Reference = { kind: 'embedded' } | { kind: 'file'; path: string } | { kind: 'unreadable' };

/** A file that an asset needs: its path relative to the asset's folder, decoded and folded. */
export interface Dependency {
  /** Relative to the asset's folder, in plain characters. */
  uri: string;
  /** Without a buffer the asset cannot be read; without an image or a material it only looks poorer. */
  kind: 'buffer' | 'image' | 'material';
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Reads a URI exactly as Blender's glTF importer does (backslashes are slashes, one percent-decoding, '..' folded) and
 * refuses what would leave the asset's folder. A data URI without ';base64,' is opened by Blender as a path, hence checked as one.
 */
export function parseReference(uri: string): Reference {
  const isData = uri.startsWith('data:');
  if (isData && uri.includes(';base64,')) return { kind: 'embedded' };
  const path = containedPath(percentDecode(uri.replaceAll('\\', '/')), uri);
  if (isData || path === undefined) return { kind: 'unreadable' };
  if (SCHEME.test(uri)) throw unsafe(uri, 'has a scheme or a drive letter');
  return { kind: 'file', path };
}

/** Folds a path and refuses it when it leaves its folder; undefined when it names a folder. `shown` is how the asset wrote it. */
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

/** Percent-decoding that leaves malformed sequences as they are, as Python's does; decodeURIComponent would throw. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}
