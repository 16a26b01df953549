/** Size limit of an environment image. */
export const MAX_HDR_BYTES = 1024 ** 3;

/** Number of bytes that tell the formats that Blender reads: Radiance's `.hdr` and OpenEXR. */
export const HDR_HEAD_BYTES = 10;
const MAGICS = [Buffer.from('#?RADIANCE'), Buffer.from('#?RGBE'), Buffer.from([0x76, 0x2f, 0x31, 0x01])];

/** Returns whether an object begins like an environment image. */
export function looksLikeHdr(head: Buffer): boolean {
  return MAGICS.some((magic) => head.subarray(0, magic.length).equals(magic));
}

/** Returns the version of an environment image's content: its ETag, or without one the time of its last change. */
export function toHdrVersion({ etag, lastModifyTime }: { etag: string; lastModifyTime: Date | undefined }): string {
  return etag === '' ? (lastModifyTime?.toISOString() ?? '') : etag;
}

/** Returns the ETag of a version; empty if the version is a time. */
export function hdrEtagOf(version: string): string {
  return /^\d{4}-\d\d-\d\dT/.test(version) ? '' : version;
}

/** Names the environment image's file beside the asset; no asset refers to a file of that name. */
export function hdrFileName(hdrUri: string): string {
  return `cyclorama-environment${hdrUri.slice(hdrUri.lastIndexOf('.')).toLowerCase()}`;
}
