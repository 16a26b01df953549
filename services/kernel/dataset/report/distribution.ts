/** Relative width of a bucket, which makes quantiles right to one percent. */
const GROWTH = 1.02;

/** Counts of values by size. Memory depends on the range of the sizes, not on the number of values. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Adds a value of zero or more. */
  add(value: number): void;
  /** Returns the value below which the share `q` of the values lies, within one percent; NaN if there are none. */
  quantile(q: number): number;
  /**
   * Counts the values by powers of ten: below 1, from 1 to below 10, from 10 to below 100, and so on.
   * The bins go from that of the smallest value to that of the largest.
   */
  decades(): { from: number; to: number; count: number }[];
  /** Counts the values in ten bins of a tenth each; the last one includes 1 and larger values. */
  tenths(): { from: number; to: number; count: number }[];
}

/** Makes an empty distribution. */
export function createDistribution(): Distribution {
  const buckets = new Map<number, number>();
  const decades = new Map<number, number>();
  const tenths = Array.from({ length: 10 }, () => 0);
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, 0];
  const increase = (counts: Map<number, number>, key: number): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    get count() {
      return count;
    },
    get sum() {
      return sum;
    },
    get min() {
      return min;
    },
    get max() {
      return max;
    },
    add(value) {
      count++;
      sum += value;
      min = Math.min(min, value);
      max = Math.max(max, value);
      increase(buckets, value > 0 ? Math.ceil(Math.log(value) / Math.log(GROWTH)) : Number.NEGATIVE_INFINITY);
      // 0.3 is a little less than three tenths in binary; the addition keeps it in the bin from 0.3.
      tenths[Math.min(9, Math.floor(value * 10 + 1e-9))]!++;
      increase(decades, value < 1 ? -1 : decadeOf(value));
    },
    quantile(q) {
      let left = Math.max(1, Math.ceil(q * count));
      for (const [bucket, inside] of [...buckets].sort(([a], [b]) => a - b)) {
        left -= inside;
        if (left <= 0) return Math.min(max, Math.max(min, (2 * GROWTH ** bucket) / (GROWTH + 1)));
      }
      return Number.NaN;
    },
    decades() {
      if (count === 0) return [];
      const [low, high] = [Math.min(...decades.keys()), Math.max(...decades.keys())];
      return Array.from({ length: high - low + 1 }, (_, i) => {
        const decade = low + i;
        const from = decade < 0 ? 0 : 10 ** decade;
        return { from, to: 10 ** (decade + 1), count: decades.get(decade) ?? 0 };
      });
    },
    tenths: () => tenths.map((inside, i) => ({ from: i / 10, to: (i + 1) / 10, count: inside })),
  };
}

/** Returns the power of ten at or below a value of 1 or more. The logarithm alone may be one too large. */
function decadeOf(value: number): number {
  const guess = Math.floor(Math.log10(value));
  if (10 ** guess > value) return guess - 1;
  return 10 ** (guess + 1) <= value ? guess + 1 : guess;
}
