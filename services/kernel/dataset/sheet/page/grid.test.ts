import { expect, test } from 'vitest';
import { heightOf, layOut, MAX_HEIGHT, placeOf, visibleRange } from './grid.js';

const CARD = { tiles: 4, tileSize: 116, captionHeight: 44, gap: 14 };

test.each([
  [1400, 2],
  [2200, 4],
  [370, 1],
  [0, 1],
])('a window of %d pixels has %d columns, and no card is wider than its part of it', (width, columns) => {
  const layout = layOut({ ...CARD, width, count: 100 });
  expect(layout.columns).toBe(columns);
  const { x } = placeOf(layout, columns - 1);
  expect(x + layout.cardWidth).toBeLessThanOrEqual(width);
});

test('every card is on exactly one part, and no part is taller than a browser can lay out', () => {
  const count = 1_000_003;
  const layout = layOut({ ...CARD, width: 1400, count });
  expect(layout.parts).toBeGreaterThan(1);
  let seen = 0;
  for (let part = 0; part < layout.parts; part++) {
    const height = heightOf(layout, { part, count });
    expect(height).toBeLessThanOrEqual(MAX_HEIGHT);
    const { from, to } = visibleRange(layout, { part, count, top: 0, height });
    expect(from).toBe(seen);
    seen = to;
  }
  expect(seen).toBe(count);
});

test('shows a few cards around the window alone, wherever that is', () => {
  const count = 50_000;
  const layout = layOut({ ...CARD, width: 1400, count });
  for (const top of [-500, 0, 1_000_000, heightOf(layout, { part: 0, count }) - 900]) {
    const { from, to } = visibleRange(layout, { part: 0, count, top, height: 900 });
    expect(to - from).toBeLessThan(30);
    const inWindow = Math.floor(Math.max(0, top) / layout.rowHeight) * layout.columns;
    expect(from).toBeLessThanOrEqual(inWindow);
    expect(to).toBeGreaterThan(inWindow);
  }
  expect(visibleRange(layout, { part: 0, count: 0, top: 0, height: 900 })).toEqual({ from: 0, to: 0 });
});
