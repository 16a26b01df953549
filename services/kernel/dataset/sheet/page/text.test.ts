import { expect, test } from 'vitest';
import { decodeNames, formatFigure, groupFiles, sortImages, toHref, toLabel } from './text.js';

test.each([
  ['chair/render_edge.png', 'chair/render_edge.png'],
  ['100% #1?/a b.png', '100%25%20%231%3F/a%20b.png'],
  ['javascript:alert(1)', 'javascript%3Aalert(1)'],
  ['../../other/x.png', '../../other/x.png'],
  ['a/../x.png', undefined],
  ['./x.png', undefined],
  // Keys may have two slashes in a row, which a browser would read as the root or as another server.
  ['/chair/x.png', './/chair/x.png'],
  ['//host/x.png', './//host/x.png'],
  ['..//host/x.png', '..//host/x.png'],
  ['s3://elsewhere/x.png', undefined],
])('a link to %s is %s', (path, expected) => {
  expect(toHref(path)).toBe(expected);
});

test('names come back from what each has in common with the one before', () => {
  expect(decodeNames([0, 7, 8, 0], ['chairs/a', 'b', '2', 'x'])).toEqual(['chairs/a', 'chairs/b', 'chairs/b2', 'x']);
});

test.each([
  [0.042, 'share', '4.2 %'],
  [0.42, 'share', '42 %'],
  [1500, 'bytes', '1.5 kB'],
  [0, 'bytes', '0 B'],
  [0.05, 'seconds', '50 ms'],
  [2.34, 'seconds', '2.3 s'],
  [150, 'seconds', '2 min 30 s'],
  [12_345, 'count', '12,345'],
  [null, 'count', ''],
])('%s as %s is %s', (value, unit, expected) => {
  expect(formatFigure(value, unit)).toBe(expected);
});

test('images are named by what they show and stand in the order of the tiles', () => {
  expect(toLabel('view_001/render_depth_16.png')).toBe('depth 16');
  const images = ['render_depth.png', 'render_depth_16.png', 'render_textured.png'];
  expect(sortImages(images, ['textured', 'normal', 'depth'])).toEqual([images[2], images[0], images[1]]);
});

test('files are grouped by view, images apart from the rest', () => {
  expect(groupFiles(['view_001/a.png', 'metadata.json', 'view_000/a.png', 'view_000/a.exr'])).toEqual([
    { folder: '', images: [], others: ['metadata.json'] },
    { folder: 'view_000/', images: ['view_000/a.png'], others: ['view_000/a.exr'] },
    { folder: 'view_001/', images: ['view_001/a.png'], others: [] },
  ]);
});
