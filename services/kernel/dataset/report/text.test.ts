import { expect, test } from 'vitest';
import {
  asCode,
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  markdownHistogram,
  markdownTable,
} from './text.ts';

test.each([
  [formatCount(1234567), '1,234,567'],
  [formatBytes(0), '0 B'],
  [formatBytes(999), '999 B'],
  [formatBytes(1200), '1.2 kB'],
  [formatBytes(15_400_000), '15 MB'],
  [formatBytes(7e15), '7000 TB'],
  [formatSeconds(0), '0 ms'],
  [formatSeconds(0.0123), '12 ms'],
  [formatSeconds(0.5), '0.50 s'],
  [formatSeconds(119.6), '2 min 0 s'],
  [formatSeconds(45.2), '45 s'],
  [formatSeconds(725), '12 min 5 s'],
  [formatSeconds(12_000), '3 h 20 min'],
  [formatShare(1, 3), '33.3 %'],
  [formatShare(0, 0), '-'],
  [asCode('a `b` | c\n d'), '`a b c d`'],
  [asCode('x'.repeat(300)), `\`${'x'.repeat(200)}...\``],
])('figures and foreign text: %s is %s', (given, expected) => {
  expect(given).toBe(expected);
});

test('cells of a table cannot break it', () => {
  expect(
    markdownTable([
      ['a', 'b'],
      ['1|2', '3\n4'],
    ]),
  ).toBe('| a | b |\n| --- | --- |\n| 1\\|2 | 3 4 |');
});

test('bars are as long as their share of the longest; nothing has no bar and little has a short one', () => {
  const text = markdownHistogram([
    { label: '0 to 1', count: 4000 },
    { label: '1 to 10', count: 1 },
    { label: '10 to 100', count: 0 },
  ]);
  expect(text.split('\n')).toEqual([
    '```',
    `   0 to 1  4,000  ${'#'.repeat(40)}`,
    '  1 to 10      1  #',
    '10 to 100      0',
    '```',
  ]);
});
