import type { StoredObject, WriteCondition } from './types.ts';

/** The condition under which an object is as it was seen: absent, or with the ETag that it had. */
export function conditionOf(existing: Pick<StoredObject, 'etag'> | undefined): WriteCondition {
  if (!existing) return { ifAbsent: true };
  // Files put into a folder-backed store by hand have no ETag to compare with.
  return existing.etag === '' ? 'always' : { ifEtag: existing.etag };
}
