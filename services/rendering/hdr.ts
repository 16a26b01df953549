/** Largest environment image. */
export const MAX_HDR_BYTES = 1024 ** 3;

/** Name of the environment image beside the asset; no asset refers to a file of that name. */
export function hdrFileName(hdrUri: string): string {
  return `cyclorama-environment${hdrUri.slice(hdrUri.lastIndexOf('.')).toLowerCase()}`;
}
