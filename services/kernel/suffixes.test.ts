import { describe, expect, test } from 'vitest';
import { checkSuffixes, isAsset, toSuffixes } from './suffixes.ts';

describe('isAsset', () => {
  test.each([
    ['a.glb', [], true],
    ['deep/er/a.GLB', [], true],
    ['a.glb.txt', [], false],
    ['a.gltf', [], false],
    ['a.gltf', ['.glb', '.gltf'], true],
    ['a.Obj', ['.OBJ'], true],
    ['tableglb', ['glb'], true],
    ['räum/stuhl ß+%.glb', [], true],
    ['new\nline.glb', [], true],
    ['folder.glb/', [], false],
    ['_cyclorama/a.glb', [], false],
    ['out/_cyclorama/records/a.glb', [], false],
    ['out/my_cyclorama/a.glb', [], true],
    ['_cyclorama.glb', [], true],
    ['', [], false],
  ])('key %j with suffixes %j: %s', (key, suffixes, expected) => {
    expect(isAsset(key, toSuffixes(suffixes))).toBe(expected);
  });
});

test('suffixes in another order, case or number make the same query', () => {
  expect(toSuffixes(['.OBJ', '.glb', '.Glb'])).toEqual(toSuffixes(['.glb', '.obj']));
});

test('no suffix means .glb', () => {
  expect(toSuffixes([])).toEqual(['.glb']);
});

test('an empty suffix and too many suffixes are refused by field', () => {
  expect(checkSuffixes(['.glb', '']).map(({ field }) => field)).toEqual(['suffixes[1]']);
  expect(checkSuffixes(Array.from({ length: 21 }, (_, i) => `.x${i}`)).map(({ field }) => field)).toEqual(['suffixes']);
  expect(checkSuffixes(['.glb', '.obj'])).toEqual([]);
});
