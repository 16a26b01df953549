import { describe, expect, it } from 'vitest';
import { countOf, formatBytes, formatClock, formatMegabytes, formatTime } from './figures.ts';

describe('figures', () => {
  it.each([
    [0n, '0 B'],
    [999n, '999 B'],
    [1_000n, '1.0 kB'],
    [99_949n, '99.9 kB'],
    [99_950n, '100 kB'],
    [999_500n, '1.0 MB'],
    [4_200_000n, '4.2 MB'],
    [1_234_000_000_000n, '1.2 TB'],
  ])('writes %s bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('writes megabytes with one decimal, whatever the size', () => {
    expect([100_000, 4_240_000, 12_345_678_901].map(formatMegabytes)).toEqual(['0.1 MB', '4.2 MB', '12345.7 MB']);
  });

  it.each([
    [0.4, '0:00'],
    [59.6, '1:00'],
    [754, '12:34'],
    [3723, '1:02:03'],
  ])('writes %s seconds as %s', (seconds, text) => {
    expect(formatClock(seconds)).toBe(text);
  });

  it('writes moments in UTC and nothing for none', () => {
    expect(formatTime(new Date('2025-03-04T05:06:07.890Z'))).toBe('2025-03-04 05:06:07');
    expect(formatTime(undefined)).toBe('');
  });

  it('writes one of a thing without the plural', () => {
    expect([0, 1, 2].map((count) => countOf(count, 'file'))).toEqual(['0 files', '1 file', '2 files']);
  });
});
