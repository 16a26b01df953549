import type { StoredObject } from './types.ts';

/** The condition under which an object is as it was seen: absent, or with the ETag that it had. */
export function conditionOf(standing: StoredObject | undefined) {
  if (!standing) return { ifAbsent: true } as const;
  // Files put into a folder-backed store by hand have no ETag to compare with.
  return standing.etag === '' ? 'always' : { ifEtag: standing.etag };
}
