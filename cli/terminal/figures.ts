const GROUPED = new Intl.NumberFormat('en-US');
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Writes a count with thousands separators: `1,500`. */
export function formatCount(count: number | bigint): string {
  return GROUPED.format(count);
}

/** Writes a count and its noun: `1 file`, `204 files`. No separators, so that scripts can read it. */
export function countOf(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? '' : 's'}`;
}

/** Writes a size in megabytes (10^6 bytes) as the batch exercise does: `4.2 MB`. */
export function formatMegabytes(bytes: number | bigint): string {
  return `${(Number(bytes) / 1e6).toFixed(1)} MB`;
}

/** Writes a size in the unit that suits it: `512 B`, `1.9 kB`, `4.2 MB`. */
export function formatBytes(bytes: number | bigint): string {
  let size = Number(bytes);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return unit === 0 ? `${size} B` : `${size.toFixed(size < 99.95 ? 1 : 0)} ${UNITS[unit]}`;
}

/** Writes seconds as a clock: `0:07`, `12:34`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const tail = `${String(whole % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** Writes a moment in UTC, to the second: `2025-03-04 05:06:07`. Empty for an absent one. */
export function formatTime(time: Date | undefined): string {
  return time === undefined ? '' : time.toISOString().slice(0, 19).replace('T', ' ');
}
