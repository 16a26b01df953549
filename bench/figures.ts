/** Returns the value below which the share `q` of the values lies, interpolated; NaN if there are none. */
export function quantile(values: Iterable<number>, q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Prints the median with the 10th and 90th percentile: `120 (115..131)`. */
export function spread(values: Iterable<number>, digits = 0): string {
  const all = [...values];
  const [low, middle, high] = [0.1, 0.5, 0.9].map((q) => quantile(all, q).toFixed(digits));
  return `${middle} (${low}..${high})`;
}

/** Returns the slope of the straight line through points, by least squares. */
export function slope(points: readonly { x: number; y: number }[]): number {
  const mean = (pick: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const covariance = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
}

/** Prints rows as a Markdown table; the first row is the heading. */
export function markdownTable([heading = [], ...rows]: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}
