import type { StoredObject } from './types.ts';

/** Returns the condition that an object is unchanged: still absent, or still with the ETag of `existing`. */
export function conditionOf(existing: StoredObject | undefined) {
  if (!existing) return { ifAbsent: true } as const;
  // Files that somebody copied into a folder-backed store have no ETag to compare.
  return existing.etag === '' ? 'always' : { ifEtag: existing.etag };
}
