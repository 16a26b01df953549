/** Writes a whole number with a comma between thousands: 1,234,567. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Writes a count and its noun: `1 asset`, `1,234 assets`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Writes a size in decimal units: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** unit;
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Writes a duration: `8 ms`, `0.12 s`, `45 s`, `12 min 5 s`, `3 h 20 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${formatCount(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Writes a share: `12.3 %`. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Writes a table in Markdown with escaped cells; the first row is the heading. */
export function markdownTable(rows: string[][]): string {
  const [heading = [], ...rest] = rows.map((row) => `| ${row.map(escapeCell).join(' | ')} |`);
  return [heading, `| ${rows[0]!.map(() => '---').join(' | ')} |`, ...rest].join('\n');
}

/** Draws a bar for each bin; the longest has 40 characters. */
export function markdownHistogram(bins: { label: string; count: number }[]): string {
  const most = Math.max(...bins.map(({ count }) => count));
  const width = Math.max(...bins.map(({ label }) => label.length));
  const digits = Math.max(...bins.map(({ count }) => formatCount(count).length));
  const lines = bins.map(({ label, count }) => {
    const bar = '#'.repeat(count === 0 ? 0 : Math.max(1, Math.round((40 * count) / most)));
    return `${label.padStart(width)}  ${formatCount(count).padStart(digits)}  ${bar}`.trimEnd();
  });
  return ['```', ...lines, '```'].join('\n');
}

/** Writes foreign text as one line of Markdown code, and cuts a long one. */
export function asCode(text: string): string {
  const line = text.replace(/[\s`|]+/g, ' ').trim();
  return line === '' ? '' : `\`${line.length > 200 ? `${line.slice(0, 200)}...` : line}\``;
}

function escapeCell(cell: string): string {
  return cell.replace(/\r?\n/g, ' ').replaceAll('|', '\\|');
}
