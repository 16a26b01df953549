import { copyFileSync, rmSync, statSync, truncateSync } from 'node:fs';

/** Size over which a log is cut; the content before the cut is kept as `NAME.log.1`. */
const MAX_BYTES = 20 * 1024 ** 2;

/** Bounds a log that a process appends to: it moves the content to `.1` and empties the file. */
export function boundLog(file: string, maxBytes = MAX_BYTES): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // Most likely the disk is full, and free space is worth more than the old lines.
    rmSync(`${file}.1`, { force: true });
  }
  truncateSync(file);
}
