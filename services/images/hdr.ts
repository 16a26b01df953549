/** Largest environment image. */
export const MAX_HDR_BYTES = 1024 ** 3;

/** First bytes of the formats that Blender reads: Radiance's `.hdr` and OpenEXR. */
export const HDR_HEAD_BYTES = 10;
const MAGICS = [Buffer.from('#?RADIANCE'), Buffer.from('#?RGBE'), Buffer.from([0x76, 0x2f, 0x31, 0x01])];

/** Whether an object begins as an environment image does. */
export function looksLikeHdr(head: Buffer): boolean {
  return MAGICS.some((magic) => head.subarray(0, magic.length).equals(magic));
}

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
