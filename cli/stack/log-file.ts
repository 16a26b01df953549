import { copyFileSync, rmSync, statSync, truncateSync } from 'node:fs';

/** Size over which a part's log is cut; the part before the cut is kept once, as `NAME.log.1`. */
const MAX_BYTES = 20 * 1024 ** 2;

/** Bounds a log that a process appends to: its content moves to `.1`, and the file goes on empty. */
export function boundLog(file: string, maxBytes = MAX_BYTES): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // A full disk, most likely: it has more use for the room than anybody for the old lines.
    rmSync(`${file}.1`, { force: true });
  }
  truncateSync(file);
}
