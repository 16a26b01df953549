/** Largest environment image. */
export const MAX_HDR_BYTES = 1024 ** 3;

/** What tells one content of an environment image from another: its ETag, or the time of its change where a store of files has none. */
export function toHdrVersion({ etag, lastModifyTime }: { etag: string; lastModifyTime: Date | undefined }): string {
  return etag === '' ? (lastModifyTime?.toISOString() ?? '') : etag;
}

/** The ETag that a version is; empty for a time. */
export function hdrEtagOf(version: string): string {
  return /^\d{4}-\d\d-\d\dT/.test(version) ? '' : version;
}

/** Name of the environment image beside the asset; no asset refers to a file of that name. */
export function hdrFileName(hdrUri: string): string {
  return `cyclorama-environment${hdrUri.slice(hdrUri.lastIndexOf('.')).toLowerCase()}`;
}
